// SPDX-License-Identifier: BSD-3-Clause
// A board library without Verilator: the registers and the C interface of the real one, and an "accelerator" whose
// output i is the sum of the frame's bytes at positions i, i + CLASSES, ... modulo 256.
//
// What goes wrong is chosen by the number of frames: 101 input DMA stops, 102 accelerator stops, 103 output DMA stops,
// 104 read error, 105 one result too few. Compile with -DFRAME=bytes -DCLASSES=n -DHASH=word.

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define FILL 250
#define INTERVAL 100

typedef struct {
    uint8_t* ddr;
    uint64_t base, size, cycles, left;
    uint32_t reg[1024];
    int running[2], done[2];
} Board;

static uint32_t* at(Board* b, uint32_t offset) { return &b->reg[(offset & 0xfff) / 4]; }

Board* board_new(const char* rtl, uint8_t* ddr, uint64_t base, uint64_t size) {
    if (access(rtl, R_OK)) return 0;
    Board* b = calloc(1, sizeof(Board));
    b->ddr = ddr, b->base = base, b->size = size;
    *at(b, 0x200) = 0x50415257, *at(b, 0x204) = 1, *at(b, 0x208) = HASH, *at(b, 0x20c) = 100;
    return b;
}

void board_free(Board* b) { free(b); }
uint64_t board_cycles(Board* b) { return b->cycles; }
void board_set_stall(Board* b, uint32_t seed, uint32_t percent) { (void)b, (void)seed, (void)percent; }
void board_set_channel_stall(Board* b, uint32_t channel, uint32_t percent) { (void)b, (void)channel, (void)percent; }
void board_set_errors(Board* b, uint32_t writes, uint64_t after, uint64_t count, uint32_t response) {
    (void)b, (void)writes, (void)after, (void)count, (void)response;
}
uint64_t board_errors(Board* b) { return (void)b, 0; }
const char* board_broken_rule(Board* b) { return (void)b, (const char*)0; }
void board_set_limit(Board* b, uint64_t cycles) { (void)b, (void)cycles; }
void board_set_fault(Board* b, uint64_t base, uint64_t size) { (void)b, (void)base, (void)size; }

static void finish(Board* b) {
    const uint32_t frames = *at(b, 0x1c);
    for (uint32_t f = 0; f < frames; f++) {
        const uint8_t* in = b->ddr + (*at(b, 0x10) - b->base) + (uint64_t)f * FRAME;
        uint8_t* out = b->ddr + (*at(b, 0x110) - b->base) + (uint64_t)f * CLASSES;
        for (int i = 0; i < CLASSES; i++) out[i] = 0;
        for (int i = 0; i < FRAME; i++) out[i % CLASSES] += in[i];
    }
    *at(b, 0x21c) = frames - (frames == 105), *at(b, 0x220) = (frames * FRAME + 7) / 8, *at(b, 0x224) = frames * FRAME;
    *at(b, 0x228) = frames * CLASSES, *at(b, 0x22c) = (frames * CLASSES + 7) / 8;
    *at(b, 0x218) = FILL - 9, *at(b, 0x244) = FILL, *at(b, 0x240) = FILL + INTERVAL * (frames - 1);
    *at(b, 0x210) = FILL + INTERVAL * (frames - 1) + 20, *at(b, 0x214) = 0;
}

uint64_t board_run(Board* b, uint64_t limit) {
    if (!b->running[0] && !b->running[1]) return 0;
    const uint32_t frames = *at(b, 0x1c);
    int stuck = 0;
    if (!b->running[0] || !b->running[1]) stuck = 1;
    if (!stuck && frames == 101) *at(b, 0x220) = 8, *at(b, 0x224) = 64, stuck = 1;
    if (!stuck && frames == 102) *at(b, 0x220) = 9, *at(b, 0x224) = 70, *at(b, 0x230) += limit, stuck = 1;
    if (!stuck && frames == 103) *at(b, 0x224) = 200, *at(b, 0x228) = 3, *at(b, 0x234) += limit, stuck = 1;
    if (stuck) {
        b->cycles += limit;
        return limit;
    }
    const uint64_t took = b->left < limit ? b->left : limit;
    b->left -= took, b->cycles += took;
    if (b->left == 0) {
        if (frames == 104) *at(b, 0x238) |= 1;
        else finish(b);
        b->running[0] = b->running[1] = 0, b->done[0] = b->done[1] = 1;
    }
    return took;
}

uint32_t board_read(Board* b, uint32_t offset) {
    if (offset == 0x000 || offset == 0x100) {
        const int i = offset != 0, done = b->done[i];
        b->done[i] = 0;
        return (uint32_t)(b->running[i] | done << 1 | !b->running[i] << 2 | !b->running[i] << 3);
    }
    return *at(b, offset);
}

void board_write(Board* b, uint32_t offset, uint32_t value) {
    if (offset == 0x000 || offset == 0x100) {
        const int i = offset != 0;
        if (!(value & 1) || b->running[i]) return;
        if (!b->running[!i])
            for (uint32_t o = 0x210; o <= 0x244; o += 4)
                if (o != 0x238) *at(b, o) = 0;
        b->running[i] = 1;
        b->left = FILL + (uint64_t)INTERVAL * *at(b, 0x1c);
    } else if (offset == 0x238) {
        *at(b, 0x238) &= ~value;
    } else if (offset == 0x23c) {
        b->running[0] = b->running[1] = b->done[0] = b->done[1] = 0;
    } else if (offset < 0x200) {
        *at(b, offset) = value;
    }
}

void board_poke(Board* b, uint32_t offset, uint32_t value) { board_write(b, offset, value); }
