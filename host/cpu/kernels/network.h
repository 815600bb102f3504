// SPDX-License-Identifier: BSD-3-Clause
// A plan made ready: where every tensor lies in the workspace, and the layers in order. All memory is taken here.
#pragma once

#include <chrono>
#include <cstdlib>

#include "convolution.h"
#include "elementwise.h"
#include "placement.h"
#include "pool.h"

namespace wrapnet {
namespace {

struct Memory {  // aligned to a block, zeroed
    explicit Memory(int64_t bytes) : bytes(divide_up(bytes, kBlockBytes) * kBlockBytes) {
        data = static_cast<uint8_t*>(aligned_alloc(kBlockBytes, std::max<int64_t>(this->bytes, kBlockBytes)));
        if (!data) throw std::bad_alloc();
        memset(data, 0, this->bytes);
    }
    Memory(Memory&& other) noexcept : bytes(other.bytes), data(std::exchange(other.data, nullptr)) {}
    ~Memory() { free(data); }

    int64_t bytes;
    uint8_t* data;
};

// Cycles of a layer below which waking the other threads costs more than they save.
constexpr double kWorthSharing = 10e3;

class Network {
  public:
    // `lanes`: 8, 16 or 32 bits at least; the accumulator of a layer may ask for more.
    Network(const Plan& plan, int lanes, int threads) : input_(plan.tensors[0]), pool_(threads), place_(plan) {
        outputs_ = plan.outputs();
        int convolution = 0;
        auto input = std::make_unique<Input>();
        input->target = place_.tensors[0];
        input->step = -1;
        layers_.push_back(std::move(input));
        for (int i = 0; i < int(plan.steps.size()); i++) {
            const Step& step = plan.steps[i];
            const Layout target = step.target >= 0 ? place_.tensors[step.target] : Layout();
            const Layout& source = place_.tensors[step.source];
            switch (step.kind) {
                case Kind::kConv: add_convolution(plan, i, convolution++, lanes); break;
                case Kind::kLookup: {
                    auto layer = std::make_unique<Lookup>();
                    layer->tables.resize(step.table.size() / 256);
                    for (size_t j = 0; j < layer->tables.size(); j++)
                        memcpy(layer->tables[j].entry, &step.table[256 * j], 256);
                    add(std::move(layer), i, source, target);
                    break;
                }
                case Kind::kMaxPool: {
                    auto layer = std::make_unique<MaxPool>();
                    layer->window = step.window;
                    layer->done_before = i > 0 && place_.pooled[i - 1];
                    add(std::move(layer), i, source, target);
                    break;
                }
                case Kind::kSumPool: {
                    auto layer = std::make_unique<SumPool>();
                    layer->activation = step.activation;
                    add(std::move(layer), i, source, target);
                    break;
                }
                case Kind::kAdd: {
                    auto layer = std::make_unique<Add>();
                    layer->other = place_.tensors[step.other];
                    add(std::move(layer), i, source, target);
                }
            }
        }
        taps_.resize(convolution);
        tap_sizes_.resize(convolution);
        for (int i = 0, c = 0; i < int(plan.steps.size()); i++)
            if (plan.steps[i].kind == Kind::kConv) tap_sizes_[c++] = plan.steps[i].out.size();
        take_memory();
    }

    // Images [n][height][width][channels] to out [n][outputs] and, if `taps`, to its array for each convolution.
    void run(const uint8_t* images, int64_t n, int32_t* out, int32_t* const* taps) {
        std::lock_guard<std::mutex> lock(mutex_);
        const int64_t batches = divide_up(n, kBatch);
        const int workers = pool_.workers();
        // As many batches as fill all workers are shared out whole: no worker waits for another within a layer.
        const int64_t shared_out = taps ? 0 : batches / workers * workers;
        const auto batch = [&](int64_t i, int worker) {
            const int64_t first = i * kBatch;
            Batch b{workspaces_[worker].data, images + first * input_.size(), out + first * outputs_, nullptr,
                    int(std::min<int64_t>(kBatch, n - first))};
            if (taps) {
                for (size_t c = 0; c < taps_.size(); c++)
                    taps_[c] = taps[c] ? taps[c] + first * tap_sizes_[c] : nullptr;
                b.taps = taps_.data();
            }
            return b;
        };
        pool_.run(shared_out, [&](int64_t i, int worker) {
            const Batch b = batch(i, worker);
            for (const auto& layer : layers_) {
                const int items = layer->items(b.n, 1);
                for (int item = 0; item < items; item++) layer->run(item, 1, b, scratch(worker));
            }
        });
        for (int64_t i = shared_out; i < batches; i++) {
            const Batch b = batch(i, 0);
            for (const auto& layer : layers_) share(*layer, b);
        }
    }

    // The least seconds that the layers of a step take for n images, on whatever the workspace holds.
    double time(int step, int n, int repeats) {
        std::lock_guard<std::mutex> lock(mutex_);
        std::vector<int32_t> out(n * outputs_);
        const Batch b{workspaces_[0].data, nullptr, out.data(), nullptr, n};
        double least = INFINITY;
        for (int i = 0; i < repeats; i++) {
            const auto start = std::chrono::steady_clock::now();
            for (const auto& layer : layers_)
                if (layer->step == step) share(*layer, b);
            least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
        }
        return least;
    }

    int64_t memory() const {
        int64_t bytes = 0;
        for (const auto& layer : layers_) bytes += layer->constant_bytes();
        for (const Memory& m : workspaces_) bytes += m.bytes;
        for (const Memory& m : scratches_) bytes += m.bytes;
        return bytes;
    }

    int steps() const { return layers_.back()->step + 1; }

  private:
    void add_convolution(const Plan& plan, int i, int tap, int lanes) {
        const Step& step = plan.steps[i];
        const Grid& grid = place_.grids[i];
        if (place_.staged[i]) {
            auto stage = std::make_unique<Stage>();
            stage->source = place_.tensors[step.source];
            stage->window = step.window;
            stage->grid = grid;
            stage->used.resize(grid.phases);
            for (const TapPosition& position : tap_positions(step.window, grid)) stage->used[position.phase] = true;
            stage->step = i;
            layers_.push_back(std::move(stage));
        }
        const int width = std::max(lanes, step.bits <= 8 ? 8 : step.bits <= 16 ? 16 : 32);
        if (width == 8) add_lanes<uint8_t>(plan, i, tap);
        else if (width == 16) add_lanes<uint16_t>(plan, i, tap);
        else add_lanes<uint32_t>(plan, i, tap);
        layers_.back()->step = i;
    }

    template <class T> void add_lanes(const Plan& plan, int i, int tap) {
        const Step& step = plan.steps[i];
        auto layer = std::make_unique<Convolution<T>>(step, tap, place_.grids[i],
                                                      step.target >= 0 ? place_.tensors[step.target] : Layout());
        if (place_.pooled[i]) layer->pool(plan.steps[i + 1].window, place_.tensors[plan.steps[i + 1].target]);
        layers_.push_back(std::move(layer));
    }

    void add(std::unique_ptr<ByChannel> layer, int step, const Layout& source, const Layout& target) {
        layer->step = step;
        layer->source = source;
        layer->target = target;
        layers_.push_back(std::move(layer));
    }

    void take_memory() {
        int64_t accumulators = 0;
        for (const auto& layer : layers_)
            for (int n = 1; n <= kBatch; n++)
                for (int workers : {1, pool_.workers()})
                    accumulators = std::max(accumulators, layer->scratch_bytes(n, workers));
        for (int i = 0; i < pool_.workers(); i++) {
            workspaces_.emplace_back(place_.bytes);
            scratches_.emplace_back(kTableBytes + kMostTaps * int64_t(sizeof(ActiveTap)) + accumulators);
        }
    }

    Scratch scratch(int worker) const {
        auto* at = reinterpret_cast<char*>(scratches_[worker].data);
        constexpr int64_t kTapBytes = kMostTaps * int64_t(sizeof(ActiveTap));
        return {at, at + kTableBytes + kTapBytes, reinterpret_cast<ActiveTap*>(at + kTableBytes)};
    }

    void share(const Layer& layer, const Batch& batch) {
        const int workers = layer.cycles(batch.n) < kWorthSharing ? 1 : pool_.workers();
        if (workers == 1) {
            const int items = layer.items(batch.n, 1);
            for (int item = 0; item < items; item++) layer.run(item, 1, batch, scratch(0));
            return;
        }
        pool_.run(layer.items(batch.n, workers),
                  [&](int64_t item, int worker) { layer.run(int(item), workers, batch, scratch(worker)); });
    }

    Shape input_;
    int64_t outputs_;
    Pool pool_;
    Placement place_;
    std::mutex mutex_;  // one run at a time
    std::vector<std::unique_ptr<Layer>> layers_;
    std::vector<Memory> workspaces_, scratches_;  // by worker
    std::vector<int32_t*> taps_;
    std::vector<int64_t> tap_sizes_;
};

}  // namespace
}  // namespace wrapnet
