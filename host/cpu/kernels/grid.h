// SPDX-License-Identifier: BSD-3-Clause
// How a convolution sees its input: padded, and split where it is strided.
//
// A convolution of stride s is a sum of convolutions of stride 1, each on every s-th row and column of the input. These
// interleaved images are the phases; a tap reads one of them, at a shift that is the same for all outputs.
#pragma once

#include "layer.h"

namespace wrapnet {
namespace {

// Where a convolution reads: phase p of channel c begins at position origin + (c * phases + p) * plane.
struct Grid {
    Layout tensor;
    int64_t origin = 0, plane = 0, width = 0;
    int stride_h = 1, stride_w = 1;
    int phases = 1;
};

// Positions from an output to what one of its taps reads in channel 0.
struct TapPosition {
    int tap, phase, dy, dx;
};

inline std::vector<TapPosition> tap_positions(const Window& window, const Grid& grid) {
    std::vector<TapPosition> taps;
    for (int ky = 0; ky < window.kernel_h; ky++)
        for (int kx = 0; kx < window.kernel_w; kx++) {
            const int y = ky * window.dilation_h, x = kx * window.dilation_w;
            taps.push_back({ky * window.kernel_w + kx, y % grid.stride_h * grid.stride_w + x % grid.stride_w,
                            y / grid.stride_h, x / grid.stride_w});
        }
    return taps;
}

// Pads a tensor and splits it into phases, where a convolution cannot read it as it lies.
struct Stage : Layer {
    Layout source;
    Window window;
    Grid grid;
    std::vector<bool> used;  // by phase

    int items(int, int) const override { return source.shape.channels; }

    double cycles(int n) const override { return 3 * kCyclesOfBlock * source.shape.size() * n / kBlockBytes; }

    void run(int channel, int, const Batch& batch, const Scratch&) const override {
        const int64_t height = grid.plane / grid.width, n = batch.n;
        for (int phase = 0; phase < grid.phases; phase++) {
            if (!used[phase]) continue;
            uint8_t* to = batch.workspace + grid.tensor.offset +
                          (int64_t(channel) * grid.phases + phase) * grid.plane * n;
            // Column c of the phase is column c * stride + x of the source.
            const int64_t x = phase % grid.stride_w - window.left, stride = grid.stride_w;
            const int64_t first = std::min(grid.width, x < 0 ? divide_up(-x, stride) : 0);
            const int64_t end = std::clamp(divide_up(source.shape.width - x, stride), first, grid.width);
            for (int64_t row = 0; row < height; row++, to += grid.width * n) {
                const int64_t y = row * grid.stride_h + phase / grid.stride_w - window.top;
                if (y < 0 || y >= source.shape.height) {
                    memset(to, 0, grid.width * n);
                    continue;
                }
                memset(to, 0, first * n);
                copy_columns(batch.at(source, channel, y, 0) + (first * stride + x) * n, to + first * n, end - first, n);
                memset(to + end * n, 0, (grid.width - end) * n);
            }
        }
    }

  private:
    // Every stride-th position of a row.
    void copy_columns(const uint8_t* from, uint8_t* to, int64_t count, int64_t n) const {
        const int64_t step = grid.stride_w;
        if (step == 1) memcpy(to, from, count * n);
        else if (n == kBatch) for (int64_t i = 0; i < count; i++) memcpy(to + i * kBatch, from + i * step * kBatch, kBatch);
        else if (n == 1 && step == 2) for (int64_t i = 0; i < count; i++) to[i] = from[2 * i];
        else for (int64_t i = 0; i < count; i++) memcpy(to + i * n, from + i * step * n, n);
    }
};

}  // namespace
}  // namespace wrapnet
