// SPDX-License-Identifier: BSD-3-Clause
// Exact sums by bit planes: AND, count the ones, add. Binary weights are one plane (a set bit is +1), ternary weights
// two (+1, -1); levels are 1, 2 or 4 planes, packed from bytes on the way in, which is part of the time taken.
//
// Lanes are output channels. Weights are packed by blocks of kBitBlock channels: [plane][inputs / 64][channel].
// Channels come in multiples of 64. For binary weights sum(w * x) = 2 * sum(w' * x) - sum(x) with w' in {0, 1}.
#pragma once

#include <immintrin.h>

#include "geometry.h"

constexpr int kMostBits = 4, kMostBitRows = 6;

struct Packed {
    const uint64_t* words;  // [pixel][channels / 64][bits]
    const int32_t* sums;    // [pixel] over channels
};

// Bytes of levels to bit planes; `pixels` of `channels` bytes each.
inline void pack_bits(const uint8_t* from, int64_t pixels, int64_t channels, int bits, uint64_t* words, int32_t* sums) {
    for (int64_t p = 0; p < pixels; p++) {
        int64_t total = 0;
        for (int64_t c = 0; c < channels; c += 64, from += 64) {
#ifdef __AVX512BW__
            const __m512i x = _mm512_loadu_si512(from);
            for (int b = 0; b < bits; b++) words[b] = _mm512_test_epi8_mask(x, _mm512_set1_epi8(char(1 << b)));
#else
            const __m256i low = _mm256_loadu_si256((const __m256i*)from);
            const __m256i high = _mm256_loadu_si256((const __m256i*)(from + 32));
            for (int b = 0; b < bits; b++)
                words[b] = uint32_t(_mm256_movemask_epi8(_mm256_slli_epi16(low, 7 - b))) |
                           uint64_t(uint32_t(_mm256_movemask_epi8(_mm256_slli_epi16(high, 7 - b)))) << 32;
#endif
            for (int b = 0; b < bits; b++) total += int64_t(__builtin_popcountll(words[b])) << b;
            words += bits;
        }
        sums[p] = int32_t(total);
    }
}

#ifdef __AVX512VPOPCNTDQ__

constexpr int kBitLanes = 8;
constexpr int bit_rows(int bits) { return bits == 1 ? 6 : 3; }
constexpr int bit_vectors(int bits) { return bits == 4 ? 2 : 4; }

template <int kBits, int kRows>
inline void bit_tile(const uint64_t* const* rows, int64_t row_words, int64_t segments, int64_t words,
                     const uint64_t* weights, int planes, int64_t* sums) {
    constexpr int kVectors = bit_vectors(kBits);
    for (int plane = 0; plane < planes; plane++) {
        __m512i sum[kRows][kVectors][kBits];
#pragma GCC unroll 8
        for (auto& row : sum)
#pragma GCC unroll 8
            for (auto& vector : row)
#pragma GCC unroll 8
                for (auto& bit : vector) bit = _mm512_setzero_si512();
        for (int64_t s = 0; s < segments; s++) {
            const uint64_t* at[kRows];
#pragma GCC unroll 8
            for (int m = 0; m < kRows; m++) at[m] = rows[m] + s * row_words;
            for (int64_t k = 0; k < words; k++) {
                __m512i w[kVectors];
#pragma GCC unroll 8
                for (int v = 0; v < kVectors; v++) w[v] = _mm512_loadu_si512(weights + 8 * v);
                weights += 8 * kVectors;
#pragma GCC unroll 8
                for (int m = 0; m < kRows; m++)
#pragma GCC unroll 8
                    for (int b = 0; b < kBits; b++) {
                        const __m512i x = _mm512_set1_epi64(int64_t(at[m][k * kBits + b]));
#pragma GCC unroll 8
                        for (int v = 0; v < kVectors; v++)
                            sum[m][v][b] =
                                _mm512_add_epi64(sum[m][v][b], _mm512_popcnt_epi64(_mm512_and_si512(x, w[v])));
                    }
            }
        }
#pragma GCC unroll 8
        for (int m = 0; m < kRows; m++)
#pragma GCC unroll 8
            for (int v = 0; v < kVectors; v++) {
                __m512i total = sum[m][v][0];
#pragma GCC unroll 8
                for (int b = 1; b < kBits; b++)
                    total = _mm512_add_epi64(total, _mm512_slli_epi64(sum[m][v][b], b));
                int64_t* to = sums + (m * kVectors + v) * kBitLanes;
                if (plane) total = _mm512_sub_epi64(_mm512_loadu_si512(to), total);
                _mm512_storeu_si512(to, total);
            }
    }
}

#else

constexpr int kBitLanes = 4;
constexpr int bit_rows(int bits) { return bits == 1 ? 4 : bits == 2 ? 2 : 1; }
constexpr int bit_vectors(int) { return 2; }

// Ones of each byte by two look-ups of four bits, summed in bytes for 31 words, then by psadbw.
template <int kBits, int kRows>
inline void bit_tile(const uint64_t* const* rows, int64_t row_words, int64_t segments, int64_t words,
                     const uint64_t* weights, int planes, int64_t* sums) {
    constexpr int kVectors = bit_vectors(kBits);
    const __m256i ones = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                          0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i nibble = _mm256_set1_epi8(15), zero = _mm256_setzero_si256();
    for (int plane = 0; plane < planes; plane++) {
        __m256i wide[kRows][kVectors], sum[kRows][kVectors][kBits];
#pragma GCC unroll 8
        for (int m = 0; m < kRows; m++)
#pragma GCC unroll 8
            for (int v = 0; v < kVectors; v++) {
                wide[m][v] = zero;
#pragma GCC unroll 8
                for (int b = 0; b < kBits; b++) sum[m][v][b] = zero;
            }
        const auto widen = [&] {
#pragma GCC unroll 8
            for (int m = 0; m < kRows; m++)
#pragma GCC unroll 8
                for (int v = 0; v < kVectors; v++)
#pragma GCC unroll 8
                    for (int b = 0; b < kBits; b++) {
                        const __m256i total = _mm256_slli_epi64(_mm256_sad_epu8(sum[m][v][b], zero), b);
                        wide[m][v] = _mm256_add_epi64(wide[m][v], total);
                        sum[m][v][b] = zero;
                    }
        };
        int64_t room = 31;
        for (int64_t s = 0; s < segments; s++) {
            const uint64_t* at[kRows];
#pragma GCC unroll 8
            for (int m = 0; m < kRows; m++) at[m] = rows[m] + s * row_words;
            for (int64_t k = 0; k < words;) {
                const int64_t until = std::min(words, k + room);
                room -= until - k;
                for (; k < until; k++) {
                    __m256i w[kVectors];
#pragma GCC unroll 8
                    for (int v = 0; v < kVectors; v++) w[v] = _mm256_loadu_si256((const __m256i*)(weights + 4 * v));
                    weights += 4 * kVectors;
#pragma GCC unroll 8
                    for (int m = 0; m < kRows; m++)
#pragma GCC unroll 8
                        for (int b = 0; b < kBits; b++) {
                            const __m256i x = _mm256_set1_epi64x(int64_t(at[m][k * kBits + b]));
#pragma GCC unroll 8
                            for (int v = 0; v < kVectors; v++) {
                                const __m256i both = _mm256_and_si256(x, w[v]);
                                const __m256i low = _mm256_and_si256(both, nibble);
                                const __m256i high = _mm256_and_si256(_mm256_srli_epi16(both, 4), nibble);
                                const __m256i count = _mm256_add_epi8(_mm256_shuffle_epi8(ones, low),
                                                                      _mm256_shuffle_epi8(ones, high));
                                sum[m][v][b] = _mm256_add_epi8(sum[m][v][b], count);
                            }
                        }
                }
                if (room == 0) {
                    widen();
                    room = 31;
                }
            }
        }
        widen();
#pragma GCC unroll 8
        for (int m = 0; m < kRows; m++)
#pragma GCC unroll 8
            for (int v = 0; v < kVectors; v++) {
                auto* to = (__m256i*)(sums + (m * kVectors + v) * kBitLanes);
                _mm256_storeu_si256(to, plane ? _mm256_sub_epi64(_mm256_loadu_si256(to), wide[m][v]) : wide[m][v]);
            }
    }
}

#endif

constexpr int bit_block(int bits) { return bit_vectors(bits) * kBitLanes; }

// A tile of any number of rows up to the best.
template <int kBits, int kRows>
void bit_tile_of(int64_t count, const uint64_t* const* rows, int64_t row_words, int64_t segments, int64_t words,
                 const uint64_t* weights, int planes, int64_t* sums) {
    if constexpr (kRows > 1)
        if (count < kRows)
            return bit_tile_of<kBits, kRows - 1>(count, rows, row_words, segments, words, weights, planes, sums);
    bit_tile<kBits, kRows>(rows, row_words, segments, words, weights, planes, sums);
}

// `g` is in bytes of levels; the packed tensor has the same pixels.
template <int kBits>
void run_bits(const Geometry& g, int64_t images, const Packed& packed, const uint64_t* weights, int planes,
              const Result& result, int worker, int workers) {
    constexpr int kRows = bit_rows(kBits), kBlock = bit_block(kBits);
    const int64_t channels = g.pixel_stride, per_pixel = channels / 64 * kBits;
    const int64_t row_pixels = g.row_stride / channels, taps = g.segment_length / channels;
    const int64_t words_per_output = planes * g.segments * g.segment_length / 64;
    share<kRows, kBlock>(g, images, worker, workers, [&](int64_t p, int64_t count, int64_t o, int64_t outputs) {
        Positions position(g, p);
        const uint64_t* rows[kRows];
        int64_t to[kRows];
        int32_t levels[kRows];
        for (int64_t m = 0; m < count; m++, position.next()) {
            const int64_t pixel = position.from() / channels;
            rows[m] = packed.words + pixel * per_pixel;
            to[m] = position.to();
            levels[m] = 0;
            for (int64_t s = 0; s < g.segments; s++)
                for (int64_t t = 0; t < taps; t++) levels[m] += packed.sums[pixel + s * row_pixels + t];
        }
        alignas(64) int64_t counts[kRows * kBlock];
        bit_tile_of<kBits, kRows>(count, rows, row_pixels * per_pixel, g.segments, g.segment_length / 64,
                                  weights + o * words_per_output, planes, counts);
        for (int64_t m = 0; m < count; m++) {
            alignas(64) int32_t sums[kBlock];
            const int32_t less = planes == 1 ? levels[m] : 0;
#ifdef __AVX512VPOPCNTDQ__
            for (int i = 0; i < kBlock; i += 16) {  // whole registers, or the loads of `finish` would wait
                const __m256i low = _mm512_cvtepi64_epi32(_mm512_load_si512(counts + m * kBlock + i));
                const __m256i high = _mm512_cvtepi64_epi32(_mm512_load_si512(counts + m * kBlock + i + 8));
                const __m512i ones = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
                const __m512i twice = planes == 1 ? _mm512_slli_epi32(ones, 1) : ones;
                _mm512_store_si512(sums + i, _mm512_sub_epi32(twice, _mm512_set1_epi32(less)));
            }
#else
            for (int i = 0; i < kBlock; i++) sums[i] = (planes == 1 ? 2 : 1) * int32_t(counts[m * kBlock + i]) - less;
#endif
            finish(result, sums, o, outputs, to[m]);
        }
    });
}
