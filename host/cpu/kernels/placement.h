// SPDX-License-Identifier: BSD-3-Clause
// Where every tensor lies in a workspace, and how each convolution sees its source.
#pragma once

#include <numeric>

#include "grid.h"

namespace wrapnet {
namespace {

// Tensors that are never alive together share memory.
class Arena {
  public:
    // A tensor that is written by layer `from` and last read by layer `to`; gives its number.
    int reserve(int64_t bytes, int from, int to) {
        spans_.push_back({divide_up(bytes, kBlockBytes) * kBlockBytes, from, to, 0});
        return int(spans_.size()) - 1;
    }

    // First fit, the largest first; gives the bytes in all.
    int64_t place() {
        std::vector<int> order(spans_.size()), placed;
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return spans_[a].bytes > spans_[b].bytes; });
        int64_t total = 0;
        for (int i : order) {
            Span& span = spans_[i];
            for (bool moved = true; moved;) {
                moved = false;
                for (int j : placed) {
                    const Span& other = spans_[j];
                    const bool together = span.from <= other.to && other.from <= span.to;
                    if (together && span.offset < other.offset + other.bytes &&
                        other.offset < span.offset + span.bytes) {
                        span.offset = other.offset + other.bytes;
                        moved = true;
                    }
                }
            }
            placed.push_back(i);
            total = std::max(total, span.offset + span.bytes);
        }
        return total;
    }

    int64_t offset(int number) const { return spans_[number].offset; }

  private:
    struct Span {
        int64_t bytes;
        int from, to;
        int64_t offset;
    };
    std::vector<Span> spans_;
};

constexpr int64_t kMostWorkspace = sizeof(size_t) > 4 ? int64_t(8) << 30 : int64_t(1) << 30;

struct Placement {
    explicit Placement(const Plan& plan) {
        widen(plan);
        place(plan);
    }

    std::vector<Layout> tensors;
    std::vector<Grid> grids;   // by step; of convolutions only
    std::vector<bool> staged;  // by step: its source is padded and split first, into the grid's tensor
    std::vector<bool> pooled;  // by step: a convolution that can write what the next step, a pooling, would
    int64_t bytes = 0;         // of a workspace

  private:
    // Margins as wide as the convolutions that read a tensor at stride 1 pad it: they need no copy.
    void widen(const Plan& plan) {
        for (const Shape& shape : plan.tensors) tensors.push_back({shape});
        for (const Step& step : plan.steps) {
            const Window& w = step.window;
            if (step.kind != Kind::kConv || w.stride_h > 1 || w.stride_w > 1) continue;
            Layout& source = tensors[step.source];
            source.top = std::max(source.top, w.top);
            source.left = std::max(source.left, w.left);
            source.bottom = std::max(source.bottom, w.bottom);
            source.right = std::max(source.right, w.right);
        }
    }

    void place(const Plan& plan) {
        const int count = int(tensors.size()), steps = int(plan.steps.size());
        std::vector<int> written(count, -1), read(count, -1), readers(count), number(count), copy(steps);
        for (int i = 0; i < steps; i++) {
            const Step& step = plan.steps[i];
            if (step.target >= 0) written[step.target] = read[step.target] = i;
            read[step.source] = read[step.other] = i;
            readers[step.source]++;
            if (step.kind == Kind::kAdd) readers[step.other]++;
        }
        pooled.resize(steps);
        for (int i = 0; i + 1 < steps; i++) {
            const Step &step = plan.steps[i], &next = plan.steps[i + 1];
            pooled[i] = step.kind == Kind::kConv && step.target >= 0 && readers[step.target] == 1 &&
                        next.kind == Kind::kMaxPool && next.source == step.target && next.window.is_tiling();
            if (pooled[i]) written[next.target] = i;
        }
        Arena arena;
        for (int i = 0; i < count; i++) number[i] = arena.reserve(bytes_of(tensors[i]), written[i], read[i]);
        grids.resize(steps);
        staged.resize(steps);
        for (int i = 0; i < steps; i++) {
            const Step& step = plan.steps[i];
            if (step.kind != Kind::kConv) continue;
            staged[i] = !reads_in_place(step.window, tensors[step.source]);
            grids[i] = staged[i] ? staging_grid(step.window, tensors[step.source])
                                 : grid_in_place(step.window, tensors[step.source]);
            if (staged[i]) copy[i] = arena.reserve(bytes_of(grids[i].tensor), i, i);
        }
        bytes = arena.place();
        for (int i = 0; i < count; i++) tensors[i].offset = arena.offset(number[i]);
        int64_t widest = 0;
        for (int i = 0; i < steps; i++) {
            if (plan.steps[i].kind != Kind::kConv) continue;
            grids[i].tensor.offset = arena.offset(staged[i] ? copy[i] : number[plan.steps[i].source]);
            widest = std::max(widest, grids[i].width);
        }
        // The last block of a layer reads on beyond its last row, into lanes that nobody uses.
        bytes += 2 * widest * kBatch + kBlockBytes;
        require(bytes <= kMostWorkspace, "the network needs " + std::to_string(bytes >> 20) +
                                             " MiB for 64 images, more than " + std::to_string(kMostWorkspace >> 20));
    }

    static int64_t bytes_of(const Layout& tensor) {
        const double positions = double(tensor.shape.channels) *
                                 (double(tensor.top) + tensor.shape.height + tensor.bottom) *
                                 (double(tensor.left) + tensor.shape.width + tensor.right);
        require(positions <= kMostElements, "a padded tensor is too large");
        return tensor.positions() * kBatch;
    }

    static bool reads_in_place(const Window& w, const Layout& tensor) {
        return w.stride_h == 1 && w.stride_w == 1 && w.top <= tensor.top && w.left <= tensor.left &&
               w.bottom <= tensor.bottom && w.right <= tensor.right;
    }

    static Grid grid_in_place(const Window& w, const Layout& tensor) {
        Grid grid;
        grid.tensor = tensor;
        grid.width = tensor.width();
        grid.plane = tensor.plane();
        grid.origin = (tensor.top - w.top) * grid.width + tensor.left - w.left;
        return grid;
    }

    static Grid staging_grid(const Window& w, const Layout& tensor) {
        const Shape& shape = tensor.shape;
        Grid grid;
        grid.stride_h = w.stride_h;
        grid.stride_w = w.stride_w;
        const int64_t height = divide_up(int64_t(shape.height) + w.top + w.bottom, w.stride_h);
        grid.width = divide_up(int64_t(shape.width) + w.left + w.right, w.stride_w);
        grid.plane = height * grid.width;
        const double phases = double(w.stride_h) * w.stride_w;
        require(phases * shape.channels * double(grid.plane) <= kMostElements, "a padded tensor is too large");
        grid.phases = int(phases);
        grid.tensor.shape = {shape.channels * grid.phases, int(height), int(grid.width)};
        return grid;
    }
};

}  // namespace
}  // namespace wrapnet
