// SPDX-License-Identifier: BSD-3-Clause
// Exact sums with the machine's dot-product instructions: unsigned bytes by signed bytes, summed in int32.
//
// Weights are packed by blocks of kDotBlock output channels, [inputs / 4][channel][4]; a tile of kRows positions by one
// block stays in registers over the whole fan-in.
#pragma once

#include <immintrin.h>

#include "geometry.h"

#ifdef __AVX512VNNI__
constexpr int kDotRows = 6, kDotBlock = 64;
#else
constexpr int kDotRows = 6, kDotBlock = 16;
#endif

// Four bytes for all lanes.
#ifdef __AVX512VNNI__

inline __m512i four(const uint8_t* at) {
    int32_t value;
    memcpy(&value, at, 4);
    return _mm512_set1_epi32(value);
}

template <int kRows, int kVectors>
inline void dot_tile(const Geometry& g, const uint8_t* const* rows, const int8_t* weights, int64_t, int32_t* sums) {
    __m512i sum[kRows][kVectors];
#pragma GCC unroll 8
    for (auto& row : sum)
#pragma GCC unroll 8
        for (auto& vector : row) vector = _mm512_setzero_si512();
    for (int64_t s = 0; s < g.segments; s++) {
        const uint8_t* at[kRows];
#pragma GCC unroll 8
        for (int m = 0; m < kRows; m++) at[m] = rows[m] + s * g.row_stride;
        for (int64_t k = 0; k < g.segment_length; k += 4) {
            __m512i w[kVectors];
#pragma GCC unroll 8
            for (int v = 0; v < kVectors; v++) w[v] = _mm512_loadu_si512(weights + 64 * v);
            weights += 64 * kVectors;
#pragma GCC unroll 8
            for (int m = 0; m < kRows; m++) {
                const __m512i x = four(at[m] + k);
#pragma GCC unroll 8
                for (int v = 0; v < kVectors; v++) sum[m][v] = _mm512_dpbusd_epi32(sum[m][v], x, w[v]);
            }
        }
    }
#pragma GCC unroll 8
    for (int m = 0; m < kRows; m++)
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; v++) _mm512_storeu_si512(sums + m * kDotBlock + 16 * v, sum[m][v]);
}

#else

inline __m256i four(const uint8_t* at) {
    int32_t value;
    memcpy(&value, at, 4);
    return _mm256_set1_epi32(value);
}

// `steps` is how many products of pairs a 16-bit sum holds. With 1, every pair is widened at once, as is usual; with
// narrow levels and weights the pairs are summed in 16 bits first, which is exact, and faster.
template <int kRows, int kVectors>
inline void dot_tile(const Geometry& g, const uint8_t* const* rows, const int8_t* weights, int64_t steps,
                     int32_t* sums) {
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i wide[kRows][kVectors], sum[kRows][kVectors];
#pragma GCC unroll 8
    for (int m = 0; m < kRows; m++)
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; v++) wide[m][v] = sum[m][v] = _mm256_setzero_si256();
    int64_t room = steps;
    for (int64_t s = 0; s < g.segments; s++) {
        const uint8_t* at[kRows];
#pragma GCC unroll 8
        for (int m = 0; m < kRows; m++) at[m] = rows[m] + s * g.row_stride;
        for (int64_t k = 0; k < g.segment_length;) {
            if (steps <= 1) {
                for (; k < g.segment_length; k += 4) {
#pragma GCC unroll 8
                    for (int m = 0; m < kRows; m++)
#pragma GCC unroll 8
                        for (int v = 0; v < kVectors; v++) {
                            const __m256i w = _mm256_loadu_si256((const __m256i*)(weights + 32 * v));
                            const __m256i pairs = _mm256_maddubs_epi16(four(at[m] + k), w);
                            wide[m][v] = _mm256_add_epi32(wide[m][v], _mm256_madd_epi16(pairs, ones));
                        }
                    weights += 32 * kVectors;
                }
                break;
            }
            const int64_t until = std::min(g.segment_length, k + 4 * room);
            room -= (until - k) / 4;
            for (; k < until; k += 4) {
                __m256i w[kVectors];
#pragma GCC unroll 8
                for (int v = 0; v < kVectors; v++) w[v] = _mm256_loadu_si256((const __m256i*)(weights + 32 * v));
                weights += 32 * kVectors;
#pragma GCC unroll 8
                for (int m = 0; m < kRows; m++) {
                    const __m256i x = four(at[m] + k);
#pragma GCC unroll 8
                    for (int v = 0; v < kVectors; v++)
                        sum[m][v] = _mm256_add_epi16(sum[m][v], _mm256_maddubs_epi16(x, w[v]));
                }
            }
            if (room == 0) {
                room = steps;
#pragma GCC unroll 8
                for (int m = 0; m < kRows; m++)
#pragma GCC unroll 8
                    for (int v = 0; v < kVectors; v++) {
                        wide[m][v] = _mm256_add_epi32(wide[m][v], _mm256_madd_epi16(sum[m][v], ones));
                        sum[m][v] = _mm256_setzero_si256();
                    }
            }
        }
    }
#pragma GCC unroll 8
    for (int m = 0; m < kRows; m++)
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; v++)
            _mm256_storeu_si256((__m256i*)(sums + m * kDotBlock + 8 * v),
                                _mm256_add_epi32(wide[m][v], _mm256_madd_epi16(sum[m][v], ones)));
}

#endif

using DotTile = void (*)(const Geometry&, const uint8_t* const*, const int8_t*, int64_t, int32_t*);

// By rows - 1 and vectors - 1 of a block.
#ifdef __AVX512VNNI__
#define VECTORS(m) {dot_tile<m, 1>, dot_tile<m, 2>, dot_tile<m, 3>, dot_tile<m, 4>}
constexpr DotTile kDotTiles[kDotRows][4] = {VECTORS(1), VECTORS(2), VECTORS(3), VECTORS(4), VECTORS(5), VECTORS(6)};
constexpr int kDotLanes = 16;
#else
#define VECTORS(m) {dot_tile<m, 1>, dot_tile<m, 2>}
constexpr DotTile kDotTiles[kDotRows][2] = {VECTORS(1), VECTORS(2), VECTORS(3), VECTORS(4), VECTORS(5), VECTORS(6)};
constexpr int kDotLanes = 8;
#endif
#undef VECTORS

inline void run_dot(const Geometry& g, int64_t images, const uint8_t* from, const int8_t* weights, int64_t steps,
                    const Result& result, int worker, int workers) {
    const int64_t bytes_per_output = g.segments * g.segment_length;
    share<kDotRows, kDotBlock>(g, images, worker, workers, [&](int64_t p, int64_t count, int64_t o, int64_t outputs) {
        Positions position(g, p);
        const uint8_t* rows[kDotRows];
        int64_t to[kDotRows];
        for (int64_t m = 0; m < count; m++, position.next()) {
            rows[m] = from + position.from();
            to[m] = position.to();
        }
        alignas(64) int32_t sums[kDotRows * kDotBlock];
        const int64_t vectors = (outputs + kDotLanes - 1) / kDotLanes;
        kDotTiles[count - 1][vectors - 1](g, rows, weights + o * bytes_per_output, steps, sums);
        for (int64_t m = 0; m < count; m++) finish(result, sums + m * kDotBlock, o, outputs, to[m]);
    });
}
