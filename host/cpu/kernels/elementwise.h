// SPDX-License-Identifier: BSD-3-Clause
// The layers without weights: the network's input, look-up, pooling, addition. An item is some rows of a channel.
#pragma once

#include <numeric>

#include "activation.h"
#include "layer.h"

namespace wrapnet {
namespace {

struct ByChannel : Layer {
    Layout source, target;

    // Bands of rows, as convolutions are cut: a worker reads what it has written itself.
    virtual int bands(int workers) const { return std::min(workers, target.shape.height); }

    int items(int, int workers) const override { return bands(workers) * target.shape.channels; }

    double cycles(int n) const override { return kCyclesOfBlock * source.shape.size() * n / kBlockBytes; }

    void run(int item, int workers, const Batch& batch, const Scratch& scratch) const override {
        const int channel = item % target.shape.channels, band = item / target.shape.channels;
        const int height = target.shape.height, count = bands(workers);
        if (band == 0) clear_margins(batch, target, channel);
        rows_of(channel, band * height / count, (band + 1) * height / count, batch, scratch);
    }

    // The rows from `first` to before `end` of a channel.
    virtual void rows_of(int channel, int first, int end, const Batch& batch, const Scratch& scratch) const = 0;
};

// Images [n][height][width][channels] to a tensor; an item is a row.
struct Input : Layer {
    Layout target;

    int items(int, int) const override { return target.shape.height; }

    double cycles(int n) const override { return 3 * kCyclesOfBlock * target.shape.size() * n / kBlockBytes; }

    void run(int y, int, const Batch& batch, const Scratch&) const override {
        const Shape& shape = target.shape;
        const int64_t row = int64_t(shape.width) * shape.channels;
        if (y == 0)
            for (int c = 0; c < shape.channels; c++) clear_margins(batch, target, c);
        const uint8_t* images = batch.images + y * row;
        if (batch.n == 1) {
            for (int c = 0; c < shape.channels; c++) {
                uint8_t* to = batch.at(target, c, y, 0);
                for (int x = 0; x < shape.width; x++) to[x] = images[int64_t(x) * shape.channels + c];
            }
            return;
        }
        for (int64_t first = 0; first < row; first += kBlockBytes) {
            const int count = int(std::min<int64_t>(kBlockBytes, row - first));
            uint8_t* to[kBlockBytes];
            for (int j = 0; j < count; j++)
                to[j] = batch.at(target, int((first + j) % shape.channels), y, (first + j) / shape.channels);
            const uint8_t* from = images + first;
            int i = 0;
            for (; i + kSquare <= batch.n; i += kSquare) {
                alignas(kBlockBytes) uint8_t square[kSquare][kBlockBytes];
                for (int r = 0; r < kSquare; r++) memcpy(square[r], from + (i + r) * shape.size(), count);
                transpose_squares(square);
                for (int j = 0; j < count; j++) memcpy(to[j] + i, &square[j % kSquare][j / kSquare * kSquare], kSquare);
            }
            for (; i < batch.n; i++)
                for (int j = 0; j < count; j++) to[j][i] = from[i * shape.size() + j];
        }
    }
};

struct Lookup : ByChannel {
    std::vector<ByteTable> tables;  // one, or one a channel

    int64_t constant_bytes() const override { return tables.size() * sizeof(ByteTable); }

    void rows_of(int c, int first, int end, const Batch& batch, const Scratch&) const override {
        const ByteTable& table = tables[tables.size() > 1 ? c : 0];
        const int64_t row = int64_t(target.shape.width) * batch.n;
        for (int y = first; y < end; y++) {
            const uint8_t* from = batch.at(source, c, y, 0);
            uint8_t* to = batch.at(target, c, y, 0);
            for (int64_t i = 0; i < row; i += kBlockBytes) table.apply(from + i, to + i, row - i);
        }
    }
};

struct Add : ByChannel {
    Layout other;

    void rows_of(int c, int first, int end, const Batch& batch, const Scratch&) const override {
        const int64_t row = int64_t(target.shape.width) * batch.n;
        for (int y = first; y < end; y++) {
            const uint8_t *a = batch.at(source, c, y, 0), *b = batch.at(other, c, y, 0);
            uint8_t* to = batch.at(target, c, y, 0);
            for (int64_t i = 0; i < row; i++) to[i] = uint8_t(a[i] + b[i]);
        }
    }
};

// Padding counts as level 0, which no level is below. On whole blocks of lanes, at every column of the padded image;
// the last step takes one column a stride. Of windows that reach beyond the sides, the rows first, then the columns.
struct MaxPool : ByChannel {
    Window window;
    bool done_before = false;  // by the convolution before, where a block is a position

    int items(int n, int workers) const override {
        return done_before && n == kBatch ? 0 : ByChannel::items(n, workers);
    }

    int64_t padded_width() const { return int64_t(window.left) + source.shape.width + window.right; }

    // Rows at a time: as many as stay in the first-level cache beside their source.
    int rows(int n) const {
        return int(std::clamp<int64_t>(4096 / (padded_width() * n), 1, target.shape.height));
    }

    int64_t scratch_bytes(int n, int) const override { return (rows(n) + 1) * padded_width() * n + 2 * kBlockBytes; }

    void rows_of(int c, int begin, int end, const Batch& batch, const Scratch& scratch) const override {
        const int64_t n = batch.n, width = padded_width() * n;
        auto* most = reinterpret_cast<uint8_t*>(scratch.accumulators);
        const bool inside = !window.left && !window.right;
        if (inside && n == kBatch) {
            for (int y = begin; y < end; y++) {
                uint8_t* to = batch.at(target, c, y, 0);
                for (int64_t x = 0; x < target.shape.width; x++)
                    store(to + x * kBatch, window_at(c, y, x * window.stride_w * kBatch, window.kernel_w, batch));
            }
            return;
        }
        for (int first = begin; first < end; first += rows(batch.n)) {
            const int count = std::min(rows(batch.n), end - first);
            for (int y = 0; y < count; y++) {
                if (inside) take_windows(c, first + y, batch, most + y * width);
                else take_rows(c, first + y, batch, most + y * width);
            }
            for (int64_t at = 0; !inside && window.kernel_w > 1 && at < count * width; at += kBlockBytes) {
                Block<uint8_t> block = load<uint8_t>(most + at);
                for (int kx = 1; kx < window.kernel_w; kx++)
                    block = larger(block, load<uint8_t>(most + at + kx * int64_t(window.dilation_w) * n));
                store(most + at, block);
            }
            keep_columns(c, first, count, batch, most);
        }
    }

  private:
    // The greatest of the rows and the first `columns` columns of the windows of row y, for the block at `lane`.
    Block<uint8_t> window_at(int c, int y, int64_t lane, int columns, const Batch& batch) const {
        const int64_t first_y = int64_t(y) * window.stride_h - window.top, shift = int64_t(window.dilation_w) * batch.n;
        Block<uint8_t> block = zeros<uint8_t>();
        for (int ky = 0; ky < window.kernel_h; ky++) {
            const int64_t from_y = first_y + ky * int64_t(window.dilation_h);
            if (from_y < 0 || from_y >= source.shape.height) continue;
            const uint8_t* from = batch.at(source, c, from_y, 0) + lane;
            for (int kx = 0; kx < columns; kx++) block = larger(block, load<uint8_t>(from + kx * shift));
        }
        return block;
    }

    // Windows within the image's sides, at every column, into one row; the last block may reach beyond its end.
    void take_windows(int c, int y, const Batch& batch, uint8_t* most) const {
        const int64_t row = (source.shape.width - window.span_w() + 1) * batch.n;
        for (int64_t i = 0; i < row; i += kBlockBytes)
            store(most + i, window_at(c, y, i, window.kernel_w, batch));
    }

    // The greatest of the windows' rows into `most`, one padded row; blocks may reach beyond its end.
    void take_rows(int c, int y, const Batch& batch, uint8_t* most) const {
        const int64_t row = int64_t(source.shape.width) * batch.n, left = int64_t(window.left) * batch.n;
        if (window.left) memset(most, 0, left);
        for (int64_t i = 0; i < row; i += kBlockBytes) store(most + left + i, window_at(c, y, i, 1, batch));
        if (window.right) memset(most + left + row, 0, int64_t(window.right) * batch.n);
    }

    // Of `count` padded rows in `most`, every column that a window begins at, into the target's rows from `first`.
    void keep_columns(int c, int first, int count, const Batch& batch, uint8_t* most) const {
        const int64_t n = batch.n, columns = target.shape.width, stride = window.stride_w;
        int64_t width = padded_width() * n;
        if (n == 1 && stride == 2 && width % 2 == 0) {
            // Every second byte, in place, then whole rows.
            for (int64_t at = 0; at < count * width; at += kBlockBytes)
                store_levels(most + at / 2, load<uint16_t>(most + at));
            width /= 2;
            if (width == columns && target.width() == columns) {
                memcpy(batch.at(target, c, first, 0), most, count * columns);
                return;
            }
            for (int y = 0; y < count; y++) memcpy(batch.at(target, c, first + y, 0), most + y * width, columns);
            return;
        }
        for (int y = 0; y < count; y++) {
            uint8_t* to = batch.at(target, c, first + y, 0);
            const uint8_t* from = most + y * width;
            for (int64_t x = 0; x < columns; x++)
                if (n == 1) to[x] = from[x * stride];
                else if (n == kBatch) memcpy(to + x * kBatch, from + x * stride * kBatch, kBatch);
                else memcpy(to + x * n, from + x * stride * n, n);
        }
    }
};

// The sum over all positions, then thresholds on the sum, which is exact.
struct SumPool : ByChannel {
    Activation activation;

    int bands(int) const override { return 1; }

    void rows_of(int c, int, int, const Batch& batch, const Scratch&) const override {
        int64_t sum[kBatch];
        std::fill_n(sum, batch.n, 0);
        for (int y = 0; y < source.shape.height; y++) {
            const uint8_t* from = batch.at(source, c, y, 0);
            if (batch.n == 1) {
                sum[0] += std::accumulate(from, from + source.shape.width, int64_t(0));
                continue;
            }
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
