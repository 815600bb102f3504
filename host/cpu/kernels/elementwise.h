// SPDX-License-Identifier: BSD-3-Clause
// The layers without weights: the network's input, look-up, pooling, addition. An item is a channel.
#pragma once

#include "activation.h"
#include "layer.h"

namespace wrapnet {
namespace {

struct ByChannel : Layer {
    Layout source, target;

    int items(int, int) const override { return target.shape.channels; }

    void run(int channel, int, const Batch& batch, const Scratch& scratch) const override {
        clear_margins(batch, target, channel);
        channel_of(channel, batch, scratch);
    }

    virtual void channel_of(int channel, const Batch& batch, const Scratch& scratch) const = 0;
};

// Images [n][height][width][channels] to a tensor.
struct Input : ByChannel {
    void channel_of(int c, const Batch& batch, const Scratch&) const override {
        const Shape& shape = target.shape;
        for (int y = 0; y < shape.height; y++)
            for (int x = 0; x < shape.width; x++) {
                uint8_t* to = batch.at(target, c, y, x);
                const uint8_t* from = batch.images + (int64_t(y) * shape.width + x) * shape.channels + c;
                for (int i = 0; i < batch.n; i++) to[i] = from[i * shape.size()];
            }
    }
};

struct Lookup : ByChannel {
    std::vector<ByteTable> tables;  // one, or one a channel

    int64_t constant_bytes() const override { return tables.size() * sizeof(ByteTable); }

    void channel_of(int c, const Batch& batch, const Scratch&) const override {
        const ByteTable& table = tables[tables.size() > 1 ? c : 0];
        const int64_t row = int64_t(target.shape.width) * batch.n;
        for (int y = 0; y < target.shape.height; y++) {
            const uint8_t* from = batch.at(source, c, y, 0);
            uint8_t* to = batch.at(target, c, y, 0);
            int64_t i = 0;
            for (; i + kBlockBytes <= row; i += kBlockBytes) table.apply(from + i, to + i);
            for (; i < row; i++) to[i] = table.entry[from[i]];
        }
    }
};

struct Add : ByChannel {
    Layout other;

    void channel_of(int c, const Batch& batch, const Scratch&) const override {
        const int64_t row = int64_t(target.shape.width) * batch.n;
        for (int y = 0; y < target.shape.height; y++) {
            const uint8_t *a = batch.at(source, c, y, 0), *b = batch.at(other, c, y, 0);
            uint8_t* to = batch.at(target, c, y, 0);
            for (int64_t i = 0; i < row; i++) to[i] = uint8_t(a[i] + b[i]);
        }
    }
};

// Padding counts as level 0, which no level is below. Rows first, all columns at once, then columns.
struct MaxPool : ByChannel {
    Window window;

    int64_t scratch_bytes(int n, int) const override { return int64_t(source.shape.width) * n; }

    void channel_of(int c, const Batch& batch, const Scratch& scratch) const override {
        const int n = batch.n;
        const int64_t row = int64_t(source.shape.width) * n;
        auto* most = reinterpret_cast<uint8_t*>(scratch.accumulators);
        for (int y = 0; y < target.shape.height; y++) {
            memset(most, 0, row);
            for (int ky = 0; ky < window.kernel_h; ky++) {
                const int from_y = y * window.stride_h + ky * window.dilation_h - window.top;
                if (from_y < 0 || from_y >= source.shape.height) continue;
                const uint8_t* from = batch.at(source, c, from_y, 0);
                for (int64_t i = 0; i < row; i++) most[i] = std::max(most[i], from[i]);
            }
            uint8_t* to = batch.at(target, c, y, 0);
            memset(to, 0, int64_t(target.shape.width) * n);
            for (int kx = 0; kx < window.kernel_w; kx++) {
                // Outputs first..last-1 have this column of their window inside the image.
                const int64_t shift = int64_t(kx) * window.dilation_w - window.left, stride = window.stride_w;
                const int64_t first = shift < 0 ? divide_up(-shift, stride) : 0;
                const int64_t last = std::min<int64_t>(target.shape.width, divide_up(source.shape.width - shift, stride));
                if (n == 1) {
                    for (int64_t x = first; x < last; x++) to[x] = std::max(to[x], most[x * stride + shift]);
                    continue;
                }
                for (int64_t x = first; x < last; x++) {
                    const uint8_t* from = most + (x * stride + shift) * n;
                    for (int i = 0; i < n; i++) to[x * n + i] = std::max(to[x * n + i], from[i]);
                }
            }
        }
    }
};

// The sum over all positions, then thresholds on the sum, which is exact.
struct SumPool : ByChannel {
    Activation activation;

    void channel_of(int c, const Batch& batch, const Scratch&) const override {
        int64_t sum[kBatch] = {};
        for (int y = 0; y < source.shape.height; y++) {
            const uint8_t* from = batch.at(source, c, y, 0);
            for (int x = 0; x < source.shape.width; x++)
                for (int i = 0; i < batch.n; i++) sum[i] += *from++;
        }
        uint8_t* to = batch.at(target, c, 0, 0);
        const int32_t* thresholds = &activation.thresholds[int64_t(c) * activation.levels];
        for (int i = 0; i < batch.n; i++) {
            to[i] = 0;
            for (int l = 0; l < activation.levels; l++) to[i] += activation.sign[c] * sum[i] >= thresholds[l];
        }
    }
};

}  // namespace
}  // namespace wrapnet
