// SPDX-License-Identifier: BSD-3-Clause
// A network, or one layer of it, with exact int32 sums: what the byte lanes are measured against.
#include <chrono>
#include <cmath>
#include <map>
#include <memory>

#include "bits.h"
#include "dot.h"
#include "team.h"

namespace {

enum Kind : int64_t { kDot, kBits, kMaxPool, kLookup };

// The same fields as `Layer` in scripts/bench_cpu/exact.py.
struct Layer {
    int64_t kind;
    int64_t source, target;  // bytes from the start of the workspace; negative: the images, the results
    int64_t inside;          // bytes from there to what is no padding
    Geometry geometry;
    const void* weights;
    int64_t steps;                 // dot: products of pairs that 16 bits hold
    int64_t bits, planes, pixels;  // bits: of a level; of a weight; pixels of an image, padding included
    int64_t packed;                // where the bit planes go
    const int32_t *factor, *offset;
    int64_t levels;
    const uint8_t* table;  // look-up
};

struct Network {
    const Layer* layers;
    int64_t count;
    int64_t image_bytes, outputs;  // of an image; results of an image, int32 or, of a network that ends in levels, bytes
    int64_t workspace_bytes;       // for one image
    int64_t block;                 // images that a worker takes through the whole network together
    int64_t results_are_levels;
};

}  // namespace

extern "C" {

int exact_dot_block() { return kDotBlock; }
int exact_dot_lanes() { return kDotLanes; }
int exact_bit_block(int bits) { return bit_block(bits); }

}  // extern "C"

namespace {

void max_pool(const Geometry& g, int64_t images, const uint8_t* from, uint8_t* to, int worker, int workers) {
    const int64_t rows = images * g.height;  // windows of 2 x 2, stride 2
    for (int64_t r = worker * rows / workers; r < (worker + 1) * rows / workers; r++) {
        const uint8_t* upper = from + r / g.height * g.image_stride + r % g.height * 2 * g.row_stride;
        const uint8_t* lower = upper + g.row_stride;
        uint8_t* out = to + r / g.height * g.to_image + r % g.height * g.to_row;
        for (int64_t x = 0; x < g.width; x++) {
            const auto at = [](const uint8_t* levels) { return _mm_loadu_si128((const __m128i*)levels); };
            int64_t c = 0;
            for (; c + 16 <= g.outputs; c += 16) {
                const __m128i left = _mm_max_epu8(at(upper + c), at(lower + c));
                const __m128i right = _mm_max_epu8(at(upper + c + g.pixel_stride), at(lower + c + g.pixel_stride));
                _mm_storeu_si128((__m128i*)(out + c), _mm_max_epu8(left, right));
            }
            for (; c < g.outputs; c++)
                out[c] = std::max(std::max(upper[c], upper[c + g.pixel_stride]),
                                  std::max(lower[c], lower[c + g.pixel_stride]));
            upper += 2 * g.pixel_stride;
            lower += 2 * g.pixel_stride;
            out += g.to_pixel;
        }
    }
}

void look_up(const Layer& layer, int64_t images, const uint8_t* from, uint8_t* to, int worker, int workers) {
    const Geometry& g = layer.geometry;
    const int64_t rows = images * g.height;
    for (int64_t r = worker * rows / workers; r < (worker + 1) * rows / workers; r++) {
        const uint8_t* in = from + r / g.height * g.image_stride + r % g.height * g.row_stride;
        uint8_t* out = to + r / g.height * g.to_image + r % g.height * g.to_row;
        for (int64_t i = 0; i < g.width * g.outputs; i++) out[i] = layer.table[in[i]];
    }
}

struct Run {
    const Network& network;
    uint8_t* workspace;  // for network.block images
    const uint8_t* images;
    void* results;
    int64_t n;
    Team* team;  // whose workers share the layers; null: one works alone

    void layer(const Layer& l, int worker, int workers) const {
        const Geometry& g = l.geometry;
        const uint8_t* from = l.source < 0 ? images : workspace + l.source * network.block;
        uint8_t* to = l.target < 0 ? nullptr : workspace + l.target * network.block + l.inside;
        if (l.target < 0 && network.results_are_levels) to = static_cast<uint8_t*>(results);
        const Result result{l.factor, l.offset, int32_t(l.levels), to, static_cast<int32_t*>(results)};
        switch (l.kind) {
            case kDot: return run_dot(g, n, from, (const int8_t*)l.weights, l.steps, result, worker, workers);
            case kMaxPool: return max_pool(g, n, from, to, worker, workers);
            case kLookup: return look_up(l, n, from, to, worker, workers);
            case kBits: break;
        }
        const int64_t words = l.pixels * network.block * (g.pixel_stride / 64) * l.bits;
        auto* packed = reinterpret_cast<uint64_t*>(workspace + l.packed * network.block);
        auto* sums = reinterpret_cast<int32_t*>(packed + words);
        const int64_t pixels = l.pixels * n, first = worker * pixels / workers, last = (worker + 1) * pixels / workers;
        pack_bits(from + first * g.pixel_stride, last - first, g.pixel_stride, int(l.bits),
                  packed + first * (g.pixel_stride / 64) * l.bits, sums + first);
        if (workers > 1) team->meet();
        const Packed planes{packed, sums};
        const auto* weights = static_cast<const uint64_t*>(l.weights);
        if (l.bits == 1) run_bits<1>(g, n, planes, weights, int(l.planes), result, worker, workers);
        else if (l.bits == 2) run_bits<2>(g, n, planes, weights, int(l.planes), result, worker, workers);
        else run_bits<4>(g, n, planes, weights, int(l.planes), result, worker, workers);
    }
};

// The threads stay for the process' life.
Team& team(int threads) {
    static auto& teams = *new std::map<int, std::unique_ptr<Team>>;
    std::unique_ptr<Team>& found = teams[threads];
    if (!found) found = std::make_unique<Team>(threads);
    return *found;
}

}  // namespace

extern "C" {

// Images [n][image_bytes] to results [n][outputs]. `workspace` holds threads * block images' bytes, zero at first.
void exact_run(const Network* network, const uint8_t* images, int64_t n, void* results, uint8_t* workspace,
               int threads) {
    const int64_t block = network->block, element = network->results_are_levels ? 1 : sizeof(int32_t);
    const auto run_at = [&](int64_t first, int worker, Team* together = nullptr) {
        return Run{*network, workspace + worker * block * network->workspace_bytes,
                   images + first * network->image_bytes,
                   static_cast<char*>(results) + first * network->outputs * element, std::min(block, n - first), together};
    };
    const int64_t blocks = (n + block - 1) / block;
    const int64_t apart = threads == 1 ? blocks : blocks / threads * threads;
    const auto alone = [&](int worker) {
        for (int64_t b = worker; b < apart; b += threads)
            for (int64_t l = 0; l < network->count; l++) run_at(b * block, worker).layer(network->layers[l], 0, 1);
    };
    if (threads == 1) return alone(0);
    Team& all = team(threads);
    all.run([&](int worker) {
        alone(worker);
        if (apart < blocks) all.meet();  // the first worker's workspace is everyone's from here on
        for (int64_t b = apart; b < blocks; b++)
            for (int64_t l = 0; l < network->count; l++) {
                run_at(b * block, 0, &all).layer(network->layers[l], worker, threads);
                all.meet();
            }
    });
}

// The least seconds of `repeats` runs.
double exact_time(const Network* network, const uint8_t* images, int64_t n, void* results, uint8_t* workspace,
                  int threads, int repeats) {
    double least = INFINITY;
    for (int i = 0; i < repeats; i++) {
        const auto start = std::chrono::steady_clock::now();
        exact_run(network, images, n, results, workspace, threads);
        least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return least;
}

}  // extern "C"
