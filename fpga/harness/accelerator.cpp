// SPDX-License-Identifier: BSD-3-Clause
// Feeds frames to the accelerator, records every tapped stream, measures times. The streams are listed in streams.h,
// which fpga/simulate.py writes beside a copy of this file. The current folder holds the memory files.
//
//   program INPUT OUTPUT_DIR FRAMES SEED PERCENT PATIENCE
//
// INPUT holds FRAMES frames of words. On both ends a word is held back in a cycle with probability PERCENT/100.
// Prints one fact a line; ends with status 0 ("finished") or 3 ("stalled": no word moved for PATIENCE cycles).
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "Vaccelerator.h"
#include "Vaccelerator___024root.h"
#include "verilated.h"

namespace {

struct Edge {
    const char* name;
    uint64_t frame_bytes;  // recorded of a frame; 0: this stream is not tapped
};

// Copies the low `bytes` bytes of a signal of any width.
template <typename T>
void copy_bytes(const T& value, uint8_t* to, unsigned bytes) {
    std::memcpy(to, &value, bytes);
}
template <std::size_t N>
void copy_bytes(const VlWide<N>& value, uint8_t* to, unsigned bytes) {
    std::memcpy(to, value.data(), bytes);
}
template <typename T>
void set_bytes(T& value, const uint8_t* from, unsigned bytes) {
    value = 0;
    std::memcpy(&value, from, bytes);
}
template <std::size_t N>
void set_bytes(VlWide<N>& value, const uint8_t* from, unsigned bytes) {
    value[N - 1] = 0;
    std::memcpy(value.data(), from, bytes);
}

class Random {
  public:
    explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ull + 0x2545f4914f6cdd1dull) {}
    bool percent(unsigned p) {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return (state_ >> 33) % 100 < p;
    }

  private:
    uint64_t state_;
};

std::vector<uint8_t> read_file(const char* path) {
    std::FILE* file = std::fopen(path, "rb");
    if (!file) {
        std::fprintf(stderr, "cannot read %s\n", path);
        std::exit(2);
    }
    std::fseek(file, 0, SEEK_END);
    std::vector<uint8_t> data(static_cast<size_t>(std::ftell(file)));
    std::rewind(file);
    const size_t got = data.empty() ? 0 : std::fread(data.data(), 1, data.size(), file);
    std::fclose(file);
    if (got != data.size()) std::exit(2);
    return data;
}

void write_file(const std::string& path, const std::vector<uint8_t>& data) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    const bool fine = file && std::fwrite(data.data(), 1, data.size(), file) == data.size();
    if ((file && std::fclose(file) != 0) || !fine) {
        std::fprintf(stderr, "cannot write %s\n", path.c_str());
        std::exit(2);
    }
}

}  // namespace

// Defines: IN_BYTES, IN_WORDS, OUT_BYTES, OUT_WORDS and EDGES(PLAIN, TAPPED), which calls PLAIN(name) or
// TAPPED(name, bytes a word, words a frame) for each stream inside the accelerator.
#include "streams.h"

int main(int argc, char** argv) {
    if (argc != 7) return 2;
    const std::vector<uint8_t> input = read_file(argv[1]);
    const std::string folder = argv[2];
    const uint64_t frames = std::strtoull(argv[3], nullptr, 10);
    const uint64_t seed = std::strtoull(argv[4], nullptr, 10);
    const unsigned percent = static_cast<unsigned>(std::strtoul(argv[5], nullptr, 10));
    const uint64_t patience = std::strtoull(argv[6], nullptr, 10);
    const uint64_t in_total = frames * IN_WORDS;
    const uint64_t out_total = frames * OUT_WORDS;
    if (input.size() != in_total * IN_BYTES) {
        std::fprintf(stderr, "input has %zu bytes, expected %llu\n", input.size(),
                     static_cast<unsigned long long>(in_total * IN_BYTES));
        return 2;
    }

    auto context = std::make_unique<VerilatedContext>();
    context->randReset(2);
    context->randSeed(static_cast<int>(seed % 0x7fffffff) + 1);
    auto top = std::make_unique<Vaccelerator>(context.get());

    const std::vector<Edge> edges = {
#define PLAIN(name) {#name, 0},
#define TAPPED(name, bytes, words) {#name, bytes * words},
        EDGES(PLAIN, TAPPED)
#undef PLAIN
#undef TAPPED
    };
    const size_t count = edges.size();
    std::vector<std::vector<uint8_t>> records(count + 1);
    std::vector<uint64_t> moved(count), blocked(count), starved(count);

    top->ap_clk = 0;
    top->ap_rst_n = 0;
    top->s_axis_tvalid = 0;
    top->m_axis_tready = 0;
    for (int i = 0; i < 16; ++i) {
        top->ap_clk = i & 1;
        top->eval();
    }
    top->ap_clk = 0;
    top->ap_rst_n = 1;

    Random random(seed);
    uint64_t cycle = 0, sent = 0, received = 0, quiet = 0;
    uint64_t first_in = 0, end = 0;
    bool offering = false;
    // Pixels that no window needs (a last row that pooling leaves over) may still be on their way after the last result.
    const auto recorded = [&] {
        for (size_t i = 0; i < count; ++i)
            if (records[i].size() < frames * edges[i].frame_bytes) return false;
        return true;
    };
    const auto begin = std::chrono::steady_clock::now();
    while ((received < out_total || !recorded()) && quiet < patience) {
        if (!offering && sent < in_total && !(percent && random.percent(percent))) {
            offering = true;
            set_bytes(top->s_axis_tdata, &input[sent * IN_BYTES], IN_BYTES);
        }
        top->s_axis_tvalid = offering;
        top->m_axis_tready = !(percent && random.percent(percent));
        top->ap_clk = 0;
        top->eval();

        ++quiet;
        const auto* root = top->rootp;
        (void)root;
        size_t edge = 0;
#define PLAIN(name)                                                     \
    {                                                                   \
        const bool valid = root->accelerator__DOT__##name##_tvalid;     \
        const bool ready = root->accelerator__DOT__##name##_tready;     \
        moved[edge] += valid & ready;                                   \
        blocked[edge] += valid & !ready;                                \
        starved[edge] += !valid & ready;                                \
        ++edge;                                                         \
    }
#define TAPPED(name, bytes, words)                                                      \
    if (root->accelerator__DOT__##name##_tvalid && root->accelerator__DOT__##name##_tready) { \
        auto& record = records[edge];                                                   \
        const size_t at = record.size();                                                \
        record.resize(at + bytes);                                                      \
        copy_bytes(root->accelerator__DOT__##name##_tdata, &record[at], bytes);         \
    }                                                                                   \
    PLAIN(name)
        EDGES(PLAIN, TAPPED)
#undef PLAIN
#undef TAPPED
        if (top->s_axis_tvalid && top->s_axis_tready) {
            if (sent == 0) first_in = cycle;
            ++sent;
            offering = false;
            quiet = 0;
        }
        if (top->m_axis_tvalid && top->m_axis_tready) {
            auto& record = records[count];
            const size_t at = record.size();
            record.resize(at + OUT_BYTES);
            copy_bytes(top->m_axis_tdata, &record[at], OUT_BYTES);
            quiet = 0;
            end = cycle + 1;
            if (++received % OUT_WORDS == 0) {
                std::printf("frame %llu\n", static_cast<unsigned long long>(cycle + 1 - first_in));
                std::fflush(stdout);
            }
        }
        top->ap_clk = 1;
        top->eval();
        ++cycle;
    }
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
    for (size_t i = 0; i < count; ++i) {
        std::printf("edge %s %llu %llu %llu\n", edges[i].name, static_cast<unsigned long long>(moved[i]),
                    static_cast<unsigned long long>(blocked[i]), static_cast<unsigned long long>(starved[i]));
        if (edges[i].frame_bytes) write_file(folder + "/" + edges[i].name, records[i]);
    }
    write_file(folder + "/m_axis", records[count]);
    const bool finished = received == out_total;
    std::printf("cycles %llu\nseconds %.6f\nsent %llu\nreceived %llu\n",
                static_cast<unsigned long long>(finished ? end : cycle), wall.count(),
                static_cast<unsigned long long>(sent), static_cast<unsigned long long>(received));
    top->final();
    std::printf("%s\n", finished ? "finished" : "stalled");
    return finished ? 0 : 3;
}
