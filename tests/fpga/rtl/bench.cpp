// SPDX-License-Identifier: BSD-3-Clause
//
// Drives every stream of a bench (see bench.py) at once: random idle and back-pressure, stability and independence
// checks, the words taken and the cycles at which they were taken.
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "Vbench.h"
#include "verilated.h"

struct Port {
    uint32_t words;         // 32-bit words of an element of the stream
    uint32_t stall_percent; // share of cycles without valid (in) or ready (out)
    uint64_t count;         // elements to send, or to expect
    uint32_t* data;         // count * words
    uint64_t* cycles;       // out: cycle of each transfer
    uint64_t done;          // out: transfers
};

namespace {

template <class Wide> bool bit(const Wide& wide, size_t index) { return (wide[index / 32] >> (index % 32)) & 1; }

template <class Wide> void set_bit(Wide& wide, size_t index, bool value) {
    const uint32_t mask = 1u << (index % 32);
    wide[index / 32] = value ? wide[index / 32] | mask : wide[index / 32] & ~mask;
}

enum Fault { none = 0, withdrawn = 1, changed = 2, depends_on_ready = 3, too_many = 4, valid_in_reset = 5 };

} // namespace

extern "C" {

// Run until every output has its words, or for `max_cycles`; at `reset_at` (0: never) everything begins again.
// Returns the number of cycles; fault[0] = kind of the first fault (0: none), fault[1] = output, fault[2] = cycle.
uint64_t bench_run(uint32_t seed, uint32_t stride, Port* in, uint32_t ins, Port* out, uint32_t outs, uint64_t max_cycles,
                   uint64_t reset_at, uint64_t* fault) {
    const auto context = std::make_unique<VerilatedContext>();
    context->randReset(2);
    context->randSeed(static_cast<int>(seed % 0x7fffffff) + 1);
    const auto top = std::make_unique<Vbench>(context.get());
    std::mt19937 random{seed};
    const auto chance = [&](uint32_t percent) { return percent != 0 && random() % 100 < percent; };
    std::vector<char> offered(ins), was_waiting(outs);
    std::vector<uint32_t> before(size_t{outs} * stride);
    const auto report = [&](Fault kind, uint32_t output, uint64_t cycle) {
        if (fault[0] == none) fault[0] = kind, fault[1] = output, fault[2] = cycle;
    };
    const auto reset = [&]() {
        top->rst_ni = 0;
        for (int i = 0; i < 3; i++) {
            top->clk_i = 0;
            top->eval();
            top->clk_i = 1;
            top->eval();
        }
        top->clk_i = 0;
        top->eval();
        for (uint32_t o = 0; o < outs; o++)
            if (bit(top->out_valid_o, o)) report(valid_in_reset, o, 0);
        top->rst_ni = 1;
        for (uint32_t i = 0; i < ins; i++) in[i].done = 0, offered[i] = 0;
        for (uint32_t o = 0; o < outs; o++) out[o].done = 0, was_waiting[o] = 0;
    };
    for (uint32_t i = 0; i < ins; i++) set_bit(top->in_valid_i, i, false);
    for (uint32_t o = 0; o < outs; o++) set_bit(top->out_ready_i, o, false);
    fault[0] = none;
    reset();
    uint64_t cycle = 0, after = 0;
    for (; cycle < max_cycles && after < 20; cycle++) {
        if (reset_at != 0 && cycle == reset_at) {
            for (uint32_t i = 0; i < ins; i++) set_bit(top->in_valid_i, i, false);
            reset();
        }
        for (uint32_t i = 0; i < ins; i++) {
            if (in[i].done < in[i].count && !offered[i]) offered[i] = !chance(in[i].stall_percent);
            set_bit(top->in_valid_i, i, offered[i]);
            for (uint32_t w = 0; w < in[i].words; w++)
                top->in_data_i[i * stride + w] = offered[i] ? in[i].data[in[i].done * in[i].words + w] : random();
        }
        // Valid and data must not depend on this cycle's ready: look at them with the opposite of what will be given.
        std::vector<char> ready(outs);
        for (uint32_t o = 0; o < outs; o++) {
            ready[o] = !chance(out[o].stall_percent);
            set_bit(top->out_ready_i, o, !ready[o]);
        }
        top->clk_i = 0;
        top->eval();
        std::vector<char> valid(outs);
        std::vector<uint32_t> data(size_t{outs} * stride);
        for (uint32_t o = 0; o < outs; o++) {
            valid[o] = bit(top->out_valid_o, o);
            for (uint32_t w = 0; w < stride; w++) data[o * stride + w] = top->out_data_o[o * stride + w];
        }
        for (uint32_t o = 0; o < outs; o++) set_bit(top->out_ready_i, o, ready[o]);
        top->eval();
        bool finished = true;
        for (uint32_t o = 0; o < outs; o++) {
            const uint32_t* now = &data[o * stride];
            if (bit(top->out_valid_o, o) != bool(valid[o])) report(depends_on_ready, o, cycle);
            if (valid[o])
                for (uint32_t w = 0; w < stride; w++)
                    if (top->out_data_o[o * stride + w] != now[w]) report(depends_on_ready, o, cycle);
            if (was_waiting[o] && !valid[o]) report(withdrawn, o, cycle);
            if (was_waiting[o] && valid[o] && memcmp(now, &before[o * stride], stride * 4)) report(changed, o, cycle);
            was_waiting[o] = valid[o] && !ready[o];
            if (valid[o] && ready[o]) {
                if (out[o].done == out[o].count) {
                    report(too_many, o, cycle);
                } else {
                    memcpy(out[o].data + out[o].done * out[o].words, now, out[o].words * 4);
                    out[o].cycles[out[o].done++] = cycle;
                }
            }
            finished = finished && out[o].done == out[o].count;
        }
        before = data;
        for (uint32_t i = 0; i < ins; i++) {
            if (offered[i] && bit(top->in_ready_o, i)) {
                in[i].cycles[in[i].done++] = cycle;
                offered[i] = 0;
            }
        }
        top->clk_i = 1;
        top->eval();
        after += finished;
    }
    top->final();
    return cycle;
}
}
