// SPDX-License-Identifier: BSD-3-Clause
//
// loop.sv, clock by clock. `content` holds bytes to be framed, bit 8 set with a frame's last; each is offered after a
// random number of idle clocks, and what lies on the data lines meanwhile is random. `line_in` and `line_out` hold a
// level a clock. `got` takes what was received: a content byte, 256 for the end of a damaged frame, 257 of a good one.
#include <cstdint>
#include <memory>
#include <random>

#include "Vloop.h"
#include "verilated.h"

extern "C" uint64_t loop_run(uint32_t seed, uint32_t idle_percent, uint64_t clocks, const uint16_t* content,
                             uint64_t count, const uint8_t* line_in, uint8_t* line_out, uint16_t* got,
                             uint64_t* sent) {
    const auto context = std::make_unique<VerilatedContext>();
    context->randReset(2);
    context->randSeed(static_cast<int>(seed) + 1);
    const auto top = std::make_unique<Vloop>(context.get());
    std::mt19937 random{seed};
    uint64_t received = 0;
    bool offered = false;
    *sent = 0;
    for (uint64_t clock = 0; clock < clocks; clock++) {
        top->rst_ni = clock >= 3;
        if (clock >= 3 && !offered && *sent < count) offered = random() % 100 >= idle_percent;
        top->valid_i = offered;
        const uint16_t data = offered ? content[*sent] : random();
        top->data_i = data & 0xff;
        top->last_i = data >> 8 & 1;
        top->line_i = line_in[clock];
        top->clk_i = 0;
        top->eval();
        line_out[clock] = top->line_o;
        if (top->rst_ni && top->valid_o) got[received++] = top->data_o;
        if (top->rst_ni && top->end_o) got[received++] = 256 + top->good_o;
        if (offered && top->ready_o) ++*sent, offered = false;
        top->clk_i = 1;
        top->eval();
    }
    return received;
}
