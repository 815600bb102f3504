// SPDX-License-Identifier: BSD-3-Clause
// Feeds words to a metered netlist without a pause, takes every result at once, and tells how far its meter went while
// the input words from FROM to TO were taken. The module `meter` (fpga/bench_hardware/activity.py) is around it.
//
//   program INPUT OUTPUT RESULTS FROM TO PATIENCE
//
// INPUT holds words of IN_BYTES; RESULTS words of OUT_BYTES go to OUTPUT. Prints "percent" of the words of both as it
// goes, "toggles" and "cycles" of the window, and "latency", the cycles from the first word to the first result; ends
// with status 3 if no word moved for PATIENCE cycles.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "Vmeter.h"
#include "verilated.h"

namespace {

std::vector<uint8_t> read_file(const char* path) {
    std::vector<uint8_t> data;
    std::FILE* file = std::fopen(path, "rb");
    if (!file) std::exit(2);
    for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) data.push_back(static_cast<uint8_t>(c));
    std::fclose(file);
    return data;
}

// The lowest bytes of a port of any width, which Verilator keeps lowest first.
template <typename T>
uint8_t* bytes_of(T& value) {
    return reinterpret_cast<uint8_t*>(&value);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 7) return 2;
    const std::vector<uint8_t> input = read_file(argv[1]);
    const uint64_t total = input.size() / IN_BYTES;
    const uint64_t results = std::strtoull(argv[3], nullptr, 10);
    const uint64_t from = std::strtoull(argv[4], nullptr, 10), to = std::strtoull(argv[5], nullptr, 10);
    const uint64_t patience = std::strtoull(argv[6], nullptr, 10);

    auto context = std::make_unique<VerilatedContext>();
    context->randReset(2);
    context->randSeed(1);
    auto top = std::make_unique<Vmeter>(context.get());
    top->in_valid = 0;
    top->out_ready = 1;
    top->rst_n = 0;
    for (int i = 0; i < 16; ++i) {
        top->clk = i & 1;
        top->eval();
    }
    top->rst_n = 1;

    std::vector<uint8_t> output;
    uint64_t sent = 0, received = 0, quiet = 0, cycle = 0, begin = 0, begun = 0, end = 0, ended = 0, told = 0;
    uint64_t first_in = 0, first_out = 0;
    while ((received < results || sent <= to) && quiet < patience) {
        if (sent < total) std::memcpy(bytes_of(top->in_data), &input[sent * IN_BYTES], IN_BYTES);
        top->in_valid = sent < total;
        top->clk = 0;
        top->eval();
        ++quiet;
        if (top->in_valid && top->in_ready) {
            if (sent == 0) first_in = cycle;
            if (sent == from) begin = top->toggles, begun = cycle;
            if (sent == to) end = top->toggles, ended = cycle;
            ++sent;
            quiet = 0;
        }
        if (top->out_valid) {
            if (received == 0) first_out = cycle;
            if (received < results) {
                output.insert(output.end(), bytes_of(top->out_data), bytes_of(top->out_data) + OUT_BYTES);
                quiet = 0;
            }
            ++received;
        }
        top->clk = 1;
        top->eval();
        ++cycle;
        const uint64_t percent = 100 * (sent + std::min(received, results)) / (total + results);
        if (percent > told) {
            std::printf("percent %llu\n", static_cast<unsigned long long>(percent));
            std::fflush(stdout);
            told = percent;
        }
    }
    top->final();
    std::FILE* file = std::fopen(argv[2], "wb");
    if (!file || std::fwrite(output.data(), 1, output.size(), file) != output.size() || std::fclose(file)) return 2;
    std::printf("toggles %llu\ncycles %llu\nlatency %llu\n", static_cast<unsigned long long>(end - begin),
                static_cast<unsigned long long>(ended - begun), static_cast<unsigned long long>(first_out - first_in));
    return received < results || sent <= to ? 3 : 0;
}
