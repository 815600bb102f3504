// SPDX-License-Identifier: BSD-3-Clause
// The method of the four Russians in lanes: multiplication by few-valued weights as table look-up.
//
//   x0 ──┐            table of one group             index of one output channel
//   x1 ──┤   0: -x0-x1-x2-x3   (each entry a block)        │
//   x2 ──┼─▶ 1: +x0-x1-x2-x3                               ▼
//   x3 ──┘      ...                          accumulator += table[index]
//            15: +x0+x1+x2+x3
//
// A group is a few input channels at one position. Its table holds the sum for every pattern of weights, is built
// once, and every output channel then does its whole group with one addition. What makes it fast is the byte lane:
// 64 sums an addition, possible only because the sums may wrap.
#pragma once

#include <utility>

#include "lanes.h"

namespace wrapnet {
namespace {

// What the digits of an entry's number stand for. Entry number = sum of digit[i] * radix^i over the group.
enum class Digits {
    kSigns,    // radix 2: -1, +1
    kTernary,  // radix 3: -1, 0, +1
    kBits,     // radix 2:  0,  1  (the bit planes of wider weights)
};

constexpr int radix(Digits digits) { return digits == Digits::kTernary ? 3 : 2; }

constexpr int kMostInputs = 6;     // inputs of a group with radix 2
constexpr int kMostTernary = 4;    // and with radix 3
constexpr int kMostSlots = 16;     // tables that one pass over the output channels adds
constexpr int kTableBytes = 28672;  // of one pass: most of a first-level cache; sums and indices stream past

constexpr int power(int base, int exponent) { return exponent ? base * power(base, exponent - 1) : 1; }

constexpr int entries(Digits digits, int inputs) { return power(radix(digits), inputs); }

// Appends the entries in which input kInput has another digit than its first: every entry so far, plus its step.
template <class T, int kRadix, int kInputs, int kInput = 0>
inline void extend_table(const Block<T> (&step)[kInputs], Block<T>* table) {
    constexpr int kCount = power(kRadix, kInput);
#pragma GCC unroll 16
    for (int j = 0; j < kCount * (kRadix - 1); j++) table[kCount + j] = table[j] + step[kInput];
    if constexpr (kInput + 1 < kInputs) extend_table<T, kRadix, kInputs, kInput + 1>(step, table);
}

// The table of one group. `levels` + offset[i] * scale are the first bytes of its inputs.
template <class T, Digits kDigits, int kInputs>
void build_table(const uint8_t* levels, const int64_t* offset, int64_t scale, Block<T>* table) {
    Block<T> step[kInputs], first = zeros<T>();
    for (int i = 0; i < kInputs; i++) {
        step[i] = load_levels<T>(levels + offset[i] * scale);
        if (kDigits != Digits::kBits) first = first - step[i];
        if (kDigits == Digits::kSigns) step[i] = step[i] + step[i];
    }
    table[0] = first;
    extend_table<T, radix(kDigits)>(step, table);
}

template <class T> using BuildTable = void (*)(const uint8_t*, const int64_t*, int64_t, Block<T>*);

template <class T, Digits kDigits, int... kInputs>
BuildTable<T> pick_builder(int inputs, std::integer_sequence<int, kInputs...>) {
    static constexpr BuildTable<T> kBuilders[] = {build_table<T, kDigits, kInputs + 1>...};
    return kBuilders[inputs - 1];
}

template <class T> BuildTable<T> builder(Digits digits, int inputs) {
    using Binary = std::make_integer_sequence<int, kMostInputs>;
    using Ternary = std::make_integer_sequence<int, kMostTernary>;
    switch (digits) {
        case Digits::kSigns: return pick_builder<T, Digits::kSigns>(inputs, Binary());
        case Digits::kTernary: return pick_builder<T, Digits::kTernary>(inputs, Ternary());
        default: return pick_builder<T, Digits::kBits>(inputs, Binary());
    }
}

// Indices are byte offsets into the tables of a pass, and come four to a group of eight bytes, so that one load
// feeds several look-ups: the loads are what bounds this loop.
constexpr int padded_slots(int slots) { return (slots + 3) / 4 * 4; }

template <class T, int kSlots> inline void add_entries(const char* tables, const uint16_t* index, Block<T>& sum) {
    constexpr int kWord = sizeof(size_t) / sizeof(uint16_t);
    size_t word = 0;
#pragma GCC unroll 16
    for (int slot = 0; slot < kSlots; slot++) {
        if (slot % kWord == 0) memcpy(&word, index + slot, sizeof(word));
        const auto* entry = reinterpret_cast<const Block<T>*>(tables + static_cast<uint16_t>(word));
        word >>= 16;
        for (int i = 0; i < kParts; i++) {
            sum.part[i] += entry->part[i];
            keep_order(sum.part[i]);
        }
    }
}

// accumulator[o] += sum over slots of the entries that index[o] names, for `outputs` channels.
template <class T, int kSlots>
void add_signs(const char* tables, const uint16_t* index, int outputs, int, bool, char* accumulator, ptrdiff_t stride) {
    for (int o = 0; o < outputs; o++) {
        __builtin_prefetch(accumulator + 6 * stride, 1);  // from the second-level cache: 8 % of a 3x3 convolution
        Block<T> sum = load<T>(accumulator);
        add_entries<T, kSlots>(tables, index, sum);
        store(accumulator, sum);
        accumulator += stride;
        index += padded_slots(kSlots);
    }
}

// The same for weights of several bit planes, the most significant first (negative in two's complement).
template <class T, int kSlots>
void add_planes(const char* tables, const uint16_t* index, int outputs, int planes, bool negative, char* accumulator,
                ptrdiff_t stride) {
    for (int o = 0; o < outputs; o++) {
        Block<T> sum = zeros<T>();
        for (int plane = 0; plane < planes; plane++) {
            sum = sum + sum;
            add_entries<T, kSlots>(tables, index, sum);
            if (plane == 0 && negative) sum = zeros<T>() - sum;
            index += padded_slots(kSlots);
        }
        store(accumulator, load<T>(accumulator) + sum);
        accumulator += stride;
    }
}

template <class T> using AddTables = void (*)(const char*, const uint16_t*, int, int, bool, char*, ptrdiff_t);

template <class T, int... kSlots>
AddTables<T> pick_adder(bool planes, int slots, std::integer_sequence<int, kSlots...>) {
    static constexpr AddTables<T> kSigns[] = {add_signs<T, kSlots + 1>...};
    static constexpr AddTables<T> kPlanes[] = {add_planes<T, kSlots + 1>...};
    return planes ? kPlanes[slots - 1] : kSigns[slots - 1];
}

template <class T> AddTables<T> adder(bool planes, int slots) {
    return pick_adder<T>(planes, slots, std::make_integer_sequence<int, kMostSlots>());
}

}  // namespace
}  // namespace wrapnet
