// SPDX-License-Identifier: BSD-3-Clause
// What a convolution or dense layer reads and writes, and how its work is cut. Both exact kernels share it.
//
// Levels lie as [image][row][column][channel], padding included. An output position reads `segments` runs of
// `segment_length` bytes, one a row of the kernel: the taps of a row are neighbours in memory, so nothing is copied.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

struct Geometry {
    int64_t image_stride, row_stride, pixel_stride;  // bytes between images, rows and columns of the input
    int64_t height, width;                           // of the output
    int64_t segments, segment_length;                // rows of the kernel; bytes of one
    int64_t outputs;                                 // channels
    int64_t to_image, to_row, to_pixel;              // elements between images, rows and columns of the result
};

// Sums to levels: (sum * factor + offset) >> 16, cut to 0..levels. Or, without `factor`, the sums themselves.
struct Result {
    const int32_t *factor, *offset;
    int32_t levels;
    uint8_t* to_levels;
    int32_t* to_sums;
};

// Walks over the output positions of a block of images in order.
struct Positions {
    const Geometry& g;
    int64_t image, row, column;

    Positions(const Geometry& geometry, int64_t first)
        : g(geometry), image(first / (g.height * g.width)), row(first / g.width % g.height), column(first % g.width) {}

    int64_t from() const { return image * g.image_stride + row * g.row_stride + column * g.pixel_stride; }
    int64_t to() const { return image * g.to_image + row * g.to_row + column * g.to_pixel; }

    void next() {
        if (++column < g.width) return;
        column = 0;
        if (++row < g.height) return;
        row = 0;
        image++;
    }
};

// Writes the sums of `count` output channels, the first of which is `output`, at one position.
inline void finish(const Result& result, const int32_t* sums, int64_t output, int64_t count, int64_t to) {
    if (!result.factor) {
        memcpy(result.to_sums + to + output, sums, count * sizeof(int32_t));
        return;
    }
    const int32_t *factor = result.factor + output, *offset = result.offset + output;
    uint8_t* levels = result.to_levels + to + output;
    const int32_t most = result.levels;
    int64_t i = 0;
#ifdef __AVX512BW__
    const auto levels_of = [most](__m512i sum, __m512i factor, __m512i offset) {
        const __m512i level = _mm512_srai_epi32(_mm512_add_epi32(_mm512_mullo_epi32(sum, factor), offset), 16);
        return _mm512_min_epi32(_mm512_max_epi32(level, _mm512_setzero_si512()), _mm512_set1_epi32(most));
    };
    for (; i + 16 <= count; i += 16) {
        const __m512i level = levels_of(_mm512_loadu_si512(sums + i), _mm512_loadu_si512(factor + i),
                                        _mm512_loadu_si512(offset + i));
        _mm_storeu_si128((__m128i*)(levels + i), _mm512_cvtepi32_epi8(level));
    }
    if (i < count) {
        const auto mask = __mmask16((1 << (count - i)) - 1);
        const __m512i level = levels_of(_mm512_maskz_loadu_epi32(mask, sums + i),
                                        _mm512_maskz_loadu_epi32(mask, factor + i),
                                        _mm512_maskz_loadu_epi32(mask, offset + i));
        _mm512_mask_cvtepi32_storeu_epi8(levels + i, mask, level);
    }
#else
    const auto load = [](const int32_t* at) { return _mm256_loadu_si256((const __m256i*)at); };
    for (; i + 8 <= count; i += 8) {
        __m256i level = _mm256_add_epi32(_mm256_mullo_epi32(load(sums + i), load(factor + i)), load(offset + i));
        level = _mm256_min_epi32(_mm256_max_epi32(_mm256_srai_epi32(level, 16), _mm256_setzero_si256()),
                                 _mm256_set1_epi32(most));
        const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(level), _mm256_extracti128_si256(level, 1));
        _mm_storel_epi64((__m128i*)(levels + i), _mm_packus_epi16(words, words));
    }
    for (; i < count; i++) levels[i] = uint8_t(std::clamp((sums[i] * factor[i] + offset[i]) >> 16, 0, most));
#endif
}

constexpr int64_t kChunk = 240;  // positions whose input stays in the second-level cache while all channels pass

// Calls tile(first position, positions <= kRows, first output, outputs <= kBlock) for worker's share of the work.
template <int kRows, int kBlock, class Tile>
void share(const Geometry& g, int64_t images, int worker, int workers, Tile tile) {
    const int64_t positions = images * g.height * g.width, blocks = (g.outputs + kBlock - 1) / kBlock;
    const int64_t wanted = (positions + workers - 1) / workers;
    const int64_t chunk = std::min(kChunk, (wanted + kRows - 1) / kRows * kRows);
    const int64_t items = (positions + chunk - 1) / chunk * blocks;
    for (int64_t item = worker * items / workers; item < (worker + 1) * items / workers; item++) {
        const int64_t first = item / blocks * chunk, last = std::min(first + chunk, positions);
        const int64_t output = item % blocks * kBlock;
        for (int64_t p = first; p < last; p += kRows)
            tile(p, std::min<int64_t>(kRows, last - p), output, std::min<int64_t>(kBlock, g.outputs - output));
    }
}
