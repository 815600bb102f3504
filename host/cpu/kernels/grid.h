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

    void run(int channel, int, const Batch& batch, const Scratch&) const override {
        const int64_t height = grid.plane / grid.width;
        for (int phase = 0; phase < grid.phases; phase++) {
            if (!used[phase]) continue;
            uint8_t* to = batch.workspace + grid.tensor.offset +
                          (int64_t(channel) * grid.phases + phase) * grid.plane * batch.n;
            for (int64_t row = 0; row < height; row++)
                for (int64_t column = 0; column < grid.width; column++, to += batch.n) {
                    const int64_t y = row * grid.stride_h + phase / grid.stride_w - window.top;
                    const int64_t x = column * grid.stride_w + phase % grid.stride_w - window.left;
                    const bool inside = 0 <= y && y < source.shape.height && 0 <= x && x < source.shape.width;
                    if (inside) memcpy(to, batch.at(source, channel, y, x), batch.n);
                    else memset(to, 0, batch.n);
                }
        }
    }
};

}  // namespace
}  // namespace wrapnet
