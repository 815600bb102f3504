// SPDX-License-Identifier: BSD-3-Clause
// From the accumulator to the level: wrap to B bits, fold, thresholds.
//
// {m : sign * fold(m) >= t} is one circular interval of the B-bit values, so "level i reached" is
// (m - start) mod 2^B < length, and with m in the top B bits of a lane the modulus costs nothing.
#pragma once

#include <algorithm>
#include <vector>

#include "lanes.h"
#ifdef __AVX512VBMI__
#include <immintrin.h>
#endif

namespace wrapnet {
namespace {

struct Interval {
    int64_t start, length;  // length 0: never, 2^B: always
};

// The values m in [-2^(bits-1), 2^(bits-1)) with sign * fold(m) >= threshold; k = 0 is "no fold".
inline Interval reached(int bits, int64_t k, int sign, int64_t threshold) {
    const int64_t half = int64_t(1) << (bits - 1);
    // sign * f >= t  is, for t <= 0, the complement of  -sign * f >= 1 - t, which is a run on one side of zero.
    const bool complement = threshold <= 0;
    const int64_t least = complement ? 1 - threshold : threshold;
    const bool positive = (sign > 0) != complement;
    const int64_t most = k ? half - (least + k - 1) / k : positive ? half - 1 : half;
    const int64_t length = std::max<int64_t>(0, most - least + 1);
    const int64_t start = positive ? least : -most;
    return complement ? Interval{start + length, 2 * half - length} : Interval{start, length};
}

// The thresholds of one channel for lanes of type T.
template <class T> struct Staircase {
    using S = typename Signed<T>::Type;
    int shift = 0;
    T base = 0;                        // thresholds that are always reached
    std::vector<std::pair<T, S>> rise;  // (start, length), both moved by half a turn: comparisons are signed

    Staircase() = default;
    Staircase(int bits, int64_t k, int sign, const int32_t* thresholds, int count) {
        constexpr int kWidth = 8 * sizeof(T);
        const uint64_t turn = uint64_t(1) << (kWidth - 1);
        shift = kWidth - bits;
        for (int i = 0; i < count; i++) {
            const Interval interval = reached(bits, k, sign, thresholds[i]);
            if (interval.length == int64_t(1) << bits) base++;
            else if (interval.length)
                rise.emplace_back(T((uint64_t(interval.start) << shift) + turn),
                                  S(T((uint64_t(interval.length) << shift) - turn)));
        }
    }

    int64_t bytes() const { return sizeof(*this) + rise.capacity() * sizeof(rise[0]); }

    uint8_t level(T accumulator) const {
        const T value = T(accumulator << shift);
        T level = base;
        for (auto [start, length] : rise) level += S(T(value - start)) < length;
        return uint8_t(level);
    }

    // The levels of the first `count` lanes of a block, or of all.
    void apply(const void* accumulators, uint8_t* levels, int64_t count) const {
        using B = Block<T>;
        B value = load<T>(accumulators), level;
        for (int i = 0; i < kParts; i++) {
            value.part[i] <<= shift;
            level.part[i] = typename B::Part{} + base;
        }
        for (auto [start, length] : rise)
            for (int i = 0; i < kParts; i++) {
                const auto turned = (typename B::SignedPart)(value.part[i] - start);
                level.part[i] -= (typename B::Part)(turned < (typename B::SignedPart{} + length));
            }
        if (count >= B::kLanes) return store_levels(levels, level);
        uint8_t some[B::kLanes];
        store_levels(some, level);
        memcpy(levels, some, count);
    }
};

// 256 levels by byte, looked up in lanes where the machine can.
struct ByteTable {
    alignas(kBlockBytes) uint8_t entry[256];

    // The first `count` of 64 bytes, or all; reads 64.
    void apply(const uint8_t* bytes, uint8_t* levels, int64_t count) const {
#ifdef __AVX512VBMI__
        // Two look-ups of 128 entries; the top bit chooses. 6 instructions for 64 lanes.
        const __m512i* table = reinterpret_cast<const __m512i*>(entry);
        const __m512i value = _mm512_loadu_si512(bytes);
        const __m512i low = _mm512_permutex2var_epi8(table[0], value, table[1]);
        const __m512i high = _mm512_permutex2var_epi8(table[2], value, table[3]);
        const __mmask64 wanted = count < kBlockBytes ? (__mmask64(1) << count) - 1 : ~__mmask64(0);
        _mm512_mask_storeu_epi8(levels, wanted, _mm512_mask_blend_epi8(_mm512_movepi8_mask(value), low, high));
#else
        for (int i = 0; i < std::min<int64_t>(count, kBlockBytes); i++) levels[i] = entry[bytes[i]];
#endif
    }
};

// Above this number of thresholds the table is faster than comparisons.
#ifdef __AVX512VBMI__
constexpr size_t kMostComparisons = 1;
#else
constexpr size_t kMostComparisons = 40;
#endif

// sign(m) * min(|m|, k * (2^(bits-1) - |m|)) of the wrapped accumulator; k = 0 is "no fold".
inline int32_t wrap(uint32_t accumulator, int bits) {
    return int32_t(accumulator << (32 - bits)) >> (32 - bits);
}

inline int32_t fold(int32_t m, int bits, int64_t k) {
    if (!k) return m;
    const int64_t size = m < 0 ? -int64_t(m) : m;
    const int64_t folded = std::min(size, k * ((int64_t(1) << (bits - 1)) - size));
    return int32_t(m < 0 ? -folded : folded);
}

}  // namespace
}  // namespace wrapnet
