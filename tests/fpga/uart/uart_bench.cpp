// SPDX-License-Identifier: BSD-3-Clause
//
// uart_shell, clock by clock: the levels of its receiving pin go in, those of its other pins come out.
#include <cstdint>
#include <memory>

#include "Vuart_shell.h"
#include "verilated.h"

namespace {

struct Bench {
    std::unique_ptr<VerilatedContext> context;
    std::unique_ptr<Vuart_shell> top;
};

} // namespace

extern "C" {

void* uart_open(uint32_t seed) {
    auto* bench = new Bench;
    bench->context = std::make_unique<VerilatedContext>();
    bench->context->randReset(2);
    bench->context->randSeed(static_cast<int>(seed % 0x7fffffff) + 1);
    bench->top = std::make_unique<Vuart_shell>(bench->context.get());
    return bench;
}

void uart_close(void* handle) { delete static_cast<Bench*>(handle); }

// `rx` holds a byte a clock; `out` gets one: bit 0 the transmitting pin, bit 1 busy, bit 2 error.
void uart_run(void* handle, uint64_t clocks, uint32_t reset_n, const uint8_t* rx, uint8_t* out) {
    auto& top = *static_cast<Bench*>(handle)->top;
    top.ap_rst_n = reset_n;
    for (uint64_t i = 0; i < clocks; i++) {
        top.rx_i = rx[i];
        top.ap_clk = 0;
        top.eval();
        out[i] = top.tx_o | top.busy_o << 1 | top.error_o << 2;
        top.ap_clk = 1;
        top.eval();
    }
}
}
