// SPDX-License-Identifier: BSD-3-Clause
// Convolutions and dense layers by table look-up, any stride, padding, dilation and grouping, without im2col.
//
// Lanes run over (row, column, image) as they lie in memory, so one code serves batches (a block is one position of
// 64 images) and single images (a block is 64 positions). A tap is then a shift: a block of the input adds to the
// accumulators at the same lanes less the shift. A strided convolution is split into stride_h * stride_w interleaved
// images (phases), on each of which it has stride 1. Rows are as wide as the padded input: the last columns of the
// accumulators are of no use and are not read.
#pragma once

#include "activation.h"
#include "choice.h"
#include "columns.h"

namespace wrapnet {
namespace {

// Tables that are built, then added by all output channels and taps, before the next ones take their place.
struct Pass {
    int first_group, slots;
    int64_t index, index_per_group;  // uint16 words: [group of the convolution][tap][output][plane][slot]
};

struct Tables {
    std::vector<int64_t> offset;    // of each input: positions from the block's
    std::vector<int> input;         // its number in the weights: channel * taps + tap (fused), or channel
    std::vector<int> first_input;   // of each group; one more at the end
    std::vector<TapPosition> taps;  // that read these tables; fused: one, without shift
    std::vector<Pass> passes;
};

constexpr int64_t kStripBytes = 448 << 10;  // accumulators in flight: they stay in the second-level cache

// As kCostEntry, where the input of tables that are built a second time comes from another core's cache.
constexpr double kCostFetch = 6;

// With fewer lanes (positions times images) than this, lanes are output channels instead.
constexpr int kFewLanes = 16;

template <class T> class Convolution : public Layer {
  public:
    static constexpr int kLanes = Block<T>::kLanes;

    Convolution(const Step& step, int tap, const Grid& grid, const Layout& target)
        : tap_(tap), grid_(grid), target_(target), window_(step.window), out_(step.out), groups_(step.groups),
          inputs_(step.inputs), outputs_(step.out.channels / step.groups), bits_(step.bits), fold_(step.fold),
          activated_(step.activated), choice_(choose(step, grid)), positions_(tap_positions(window_, grid)) {
        if (choice_.form == Choice::Form::kDirect) prepare_direct(step);
        else prepare_tables(step);
        const bool by_tap = choice_.form == Choice::Form::kByTap;
        if (by_tap) shared_rows_ = (window_.kernel_h - 1) * window_.dilation_h / window_.stride_h;
        if (choice_.form != Choice::Form::kDirect)
            built_ = kCostFetch * entries(choice_.coding.digits, choice_.inputs) /
                     (kCostAdd * choice_.coding.planes * (by_tap ? window_.taps() : 1));
        if (few_lanes(1)) prepare_columns(step);
        if (activated_) prepare_activation(step.activation);
    }

    // The next layer, the greatest of each window: whole batches are written as it would.
    void pool(const Window& window, const Layout& target) {
        pool_ = window;
        pooled_ = target;
        pools_ = true;
    }

    int items(int n, int workers) const override { return cut(n, workers).items(*this); }

    double cycles(int n) const override { return choice_.cost * groups_ * n / kLanes; }

    int64_t scratch_bytes(int n, int workers) const override {
        const Cut c = cut(n, workers);
        return arrange(n, c.rows, c.outputs).bytes;
    }

    int64_t constant_bytes() const override {
        return index_.size() * sizeof(uint16_t) + terms_.size() * sizeof(Term) + columns_.bytes() +
               table_.size() * sizeof(ByteTable) + stairs_bytes_;
    }

    void run(int item, int workers, const Batch& batch, const Scratch& scratch) const override {
        const Cut c = cut(batch.n, workers);
        const int parts = c.parts(*this), strips = c.strips(), bands = c.bands(*this);
        const int band = item / (strips * parts) % bands, strip = item / parts % strips;
        Work work;
        work.group = item / (bands * strips * parts);
        work.row = band * c.band + strip * c.rows;
        work.rows = std::min({c.rows, c.band - strip * c.rows, out_.height - work.row});
        if (work.rows <= 0) return;  // of the last band, which may be shorter
        work.output = item % parts * c.outputs;
        work.outputs = std::min(c.outputs, outputs_ - work.output);
        const Arrangement where = arrange(batch.n, work.rows, work.outputs);
        char* accumulators = scratch.accumulators;
        if (few_lanes(batch.n)) {
            add_columns(work, where, batch, accumulators);
        } else if (choice_.form == Choice::Form::kDirect) {
            add_products(work, where, batch, accumulators);
        } else {
            memset(accumulators, 0, where.bytes);
            for (const Tables& tables : tables_) add_tables(tables, work, where, batch, scratch);
        }
        if (batch.taps && batch.taps[tap_]) write_integers(work, where, batch, accumulators, false);
        if (!activated_) write_integers(work, where, batch, accumulators, true);
        else if (pools(batch.n)) activate_and_pool(work, where, batch, accumulators);
        else activate(work, where, batch, accumulators);
        if (activated_ && work.row == 0 && work.output == 0)
            for (int o = 0; o < outputs_; o++)
                clear_margins(batch, pools(batch.n) ? pooled_ : target_, int64_t(work.group) * outputs_ + o);
    }

  private:
    struct Term {
        int64_t offset;
        int weight;
    };

    // How the layer is cut into items: bands of rows, as many as there are workers for, in strips that the cache holds;
    // parts of a group's output channels.
    struct Cut {
        int rows, outputs, band;  // rows of a strip and of a band
        int strips() const { return int(divide_up(band, rows)); }  // of a band
        int bands(const Convolution& c) const { return int(divide_up(c.out_.height, band)); }
        int parts(const Convolution& c) const { return int(divide_up(c.outputs_, outputs)); }
        int items(const Convolution& c) const { return c.groups_ * bands(c) * strips() * parts(c); }
    };

    struct Work {
        int group, row, rows, output, outputs;
    };

    // Where the accumulators of a strip lie. Where a block is (part of) one position, blocks are contiguous over
    // output channels; otherwise each channel's lanes are contiguous, with a block of margin at both ends.
    struct Arrangement {
        bool whole;            // blocks never straddle positions
        int64_t lanes;         // of a channel
        int64_t stride;        // bytes from an output channel to the next
        int64_t block_stride;  // bytes from a block to the next
        int64_t bytes;
        int64_t at(int64_t output, int64_t lane) const {
            if (whole) return lane / kLanes * block_stride + output * stride + lane % kLanes * int64_t(sizeof(T));
            return output * stride + kBlockBytes + lane * int64_t(sizeof(T));
        }
    };

    bool pools(int n) const { return pools_ && n == kBatch; }

    bool few_lanes(int n) const { return n * out_.height * grid_.width <= kFewLanes; }

    Arrangement arrange(int n, int rows, int outputs) const {
        Arrangement a;
        a.whole = n % kLanes == 0;
        a.lanes = rows * grid_.width * n;
        if (a.whole) {
            a.stride = kBlockBytes;
            a.block_stride = int64_t(outputs) * kBlockBytes;
            a.bytes = a.lanes / kLanes * a.block_stride;
        } else {
            // An odd number of cache lines, or the channels would compete for the same few sets of the cache.
            a.stride = (((a.lanes * int64_t(sizeof(T)) + kBlockBytes - 1) / kBlockBytes + 2) | 1) * kBlockBytes;
            a.block_stride = kBlockBytes;
            a.bytes = a.stride * outputs;
        }
        return a;
    }

    Cut cut(int n, int workers) const {
        // Columns of weights are cut at whole blocks, rows between windows.
        const auto whole_blocks = [&](int64_t outputs) {
            return int(few_lanes(n) ? std::min<int64_t>(outputs_, divide_up(outputs, kBlockBytes) * kBlockBytes) : outputs);
        };
        const auto whole_windows = [&](int64_t rows) {
            const int height = pools(n) ? pool_.kernel_h : 1;
            return int(std::min<int64_t>(divide_up(rows, height) * height, out_.height));
        };
        const int64_t row = grid_.width * n * int64_t(sizeof(T));
        int outputs = outputs_;
        while (row * outputs > kStripBytes && outputs > 16) outputs = (outputs + 1) / 2;
        Cut best{};
        double least = INFINITY;
        for (int parts = 1; parts <= workers; parts++) {
            Cut c;
            c.outputs = whole_blocks(std::min<int64_t>(outputs, divide_up(outputs_, parts)));
            c.band = whole_windows(divide_up(out_.height, divide_up(workers, groups_ * parts)));
            c.rows = std::min(c.band, whole_windows(std::max<int64_t>(1, kStripBytes / (row * c.outputs))));
            // Strips build the tables of the rows that they share anew, parts of the output channels all tables.
            const double work = double(c.band) * c.outputs + built_ * (c.band + c.strips() * shared_rows_);
            const double longest = divide_up(int64_t(groups_) * c.bands(*this) * c.parts(*this), workers) * work;
            if (longest < least) best = c, least = longest;
        }
        return best;
    }

    int64_t grid_offset(int64_t channel, const TapPosition& tap) const {
        return grid_.origin + (channel * grid_.phases + tap.phase) * grid_.plane + tap.dy * grid_.width + tap.dx;
    }

    void prepare_direct(const Step& step) {
        const int64_t taps = window_.taps();
        for (int o = 0; o < out_.channels; o++) {
            first_term_.push_back(terms_.size());
            const int64_t channel = int64_t(o / outputs_) * inputs_;
            for (int i = 0; i < inputs_; i++)
                for (const TapPosition& tap : positions_)
                    if (int w = step.weights[(int64_t(o) * inputs_ + i) * taps + tap.tap])
                        terms_.push_back({grid_offset(channel + i, tap), w});
        }
        first_term_.push_back(terms_.size());
    }

    void prepare_tables(const Step& step) {
        const int64_t taps = window_.taps();
        if (choice_.form == Choice::Form::kFused) {
            Tables tables;
            tables.taps.push_back(TapPosition{0, 0, 0, 0});
            for (int c = 0; c < inputs_; c++)
                for (const TapPosition& tap : positions_) {
                    tables.offset.push_back(grid_offset(c, tap));
                    tables.input.push_back(int(c * taps) + tap.tap);
                }
            tables_.push_back(tables);
        } else {
            for (int phase = 0; phase < grid_.phases; phase++) {
                Tables tables;
                for (const TapPosition& tap : positions_)
                    if (tap.phase == phase) tables.taps.push_back(tap);
                if (tables.taps.empty()) continue;
                for (int c = 0; c < inputs_; c++) {
                    tables.offset.push_back(grid_offset(c, {0, phase, 0, 0}));
                    tables.input.push_back(int(c * taps));
                }
                tables_.push_back(tables);
            }
        }
        for (Tables& tables : tables_) write_indices(step, tables);
    }

    void write_indices(const Step& step, Tables& tables) {
        const Coding& coding = choice_.coding;
        const int inputs = int(tables.input.size());
        const int64_t per_output = inputs_ * window_.taps();
        for (int i = 0; i < inputs; i += choice_.inputs) tables.first_input.push_back(i);
        const int groups = int(tables.first_input.size());
        tables.first_input.push_back(inputs);
        const int64_t passes = divide_up(groups, slots_of_pass(coding, choice_.inputs));
        for (int64_t p = 0; p < passes; p++) {
            Pass pass;
            pass.first_group = int(p * groups / passes);
            pass.slots = int((p + 1) * groups / passes) - pass.first_group;
            pass.index = int64_t(index_.size());
            for (int g = 0; g < groups_; g++)
                for (const TapPosition& tap : tables.taps)
                    for (int o = 0; o < outputs_; o++)
                        for (int plane = 0; plane < coding.planes; plane++) {
                            const int8_t* weights =
                                &step.weights[(int64_t(g) * outputs_ + o) * per_output + tap.tap];
                            write_index(tables, pass, plane, weights);
                        }
            pass.index_per_group = (int64_t(index_.size()) - pass.index) / groups_;
            tables.passes.push_back(pass);
        }
    }

    void write_index(const Tables& tables, const Pass& pass, int plane, const int8_t* weights) {
        int start = 0;
        for (int slot = 0; slot < pass.slots; slot++) {
            const int first = tables.first_input[pass.first_group + slot];
            const int last = tables.first_input[pass.first_group + slot + 1];
            int entry = 0;
            for (int i = last - 1; i >= first; i--)
                entry = entry * radix(choice_.coding.digits) +
                        digit(choice_.coding, weights[tables.input[i]], plane);
            index_.push_back(uint16_t((start + entry) * kBlockBytes));
            start += entries(choice_.coding.digits, last - first);
        }
        index_.resize(index_.size() + padded_slots(pass.slots) - pass.slots);
    }

    void prepare_columns(const Step& step) {
        std::vector<int64_t> offsets;
        for (int64_t c = 0; c < int64_t(groups_) * inputs_; c++)
            for (const TapPosition& tap : positions_) offsets.push_back(grid_offset(c, tap));
        columns_ = Columns<T>(step, std::move(offsets));
    }

    void prepare_activation(const Activation& activation) {
        for (int o = 0; o < out_.channels; o++)
            stairs_.emplace_back(bits_, fold_, activation.sign[o], &activation.thresholds[int64_t(o) * activation.levels],
                                 activation.levels);
        for (const Staircase<T>& stairs : stairs_) stairs_bytes_ += stairs.bytes();
        if (sizeof(T) > 1 || size_t(activation.levels) <= kMostComparisons) return;
        table_.resize(out_.channels);
        for (int o = 0; o < out_.channels; o++)
            for (int value = 0; value < 256; value++) table_[o].entry[value] = stairs_[o].level(T(value));
    }

    void add_tables(const Tables& tables, const Work& work, const Arrangement& where, const Batch& batch,
                    const Scratch& scratch) const {
        const int n = batch.n;
        const Coding& coding = choice_.coding;
        const int64_t width = grid_.width;
        int last_row = 0;
        for (const TapPosition& tap : tables.taps) last_row = std::max(last_row, tap.dy);
        const int64_t end = (work.rows + last_row) * width * n;
        const uint8_t* levels = batch.workspace + grid_.tensor.offset +
                                (work.row * width + int64_t(work.group) * inputs_ * grid_.phases * grid_.plane) * n;
        const BuildTable<T> build = builder<T>(coding.digits, choice_.inputs);
        const int last_inputs = int(tables.first_input.back() - tables.first_input[tables.first_input.size() - 2]);
        const BuildTable<T> build_last = builder<T>(coding.digits, last_inputs);
        const int whole_entries = entries(coding.digits, choice_.inputs);
        auto* table = reinterpret_cast<Block<T>*>(scratch.tables);
        for (int64_t lane = 0; lane < end; lane += kLanes) {
            int active = 0;
            for (int t = 0; t < int(tables.taps.size()); t++) {
                const TapPosition& tap = tables.taps[t];
                const int64_t to = lane - (tap.dy * width + tap.dx) * n;
                if (where.whole ? to < 0 || to >= where.lanes || to / n % width >= out_.width
                                : to <= -kLanes || to >= where.lanes)
                    continue;
                scratch.taps[active++] = {t, where.at(0, to)};
            }
            if (!active) continue;
            for (const Pass& pass : tables.passes) {
                for (int slot = 0; slot < pass.slots; slot++) {
                    const int group = pass.first_group + slot;
                    const bool last = group + 2 == int(tables.first_input.size());
                    (last ? build_last : build)(levels + lane, &tables.offset[tables.first_input[group]], n,
                                                table + slot * whole_entries);
                }
                const bool planes = coding.planes > 1 || coding.negative;
                const AddTables<T> add = adder<T>(planes, pass.slots);
                const int64_t per_output = coding.planes * padded_slots(pass.slots);
                const uint16_t* index = &index_[pass.index + work.group * pass.index_per_group];
                const int first = tables.first_input[pass.first_group];
                const int count = tables.first_input[pass.first_group + pass.slots] - first;
                for (int i = 0; i < active; i++) {
                    // The inputs of the next block, each of another page: 5 % of a 3x3 convolution.
                    for (int j = first + count * i / active; j < first + count * (i + 1) / active; j++)
                        __builtin_prefetch(levels + lane + kLanes + tables.offset[j] * n);
                    add(scratch.tables, index + (int64_t(scratch.taps[i].tap) * outputs_ + work.output) * per_output,
                        work.outputs, coding.planes, coding.negative, scratch.accumulators + scratch.taps[i].to,
                        where.stride);
                }
            }
        }
    }

    void add_products(const Work& work, const Arrangement& where, const Batch& batch, char* accumulators) const {
        const uint8_t* levels = batch.workspace + grid_.tensor.offset + work.row * grid_.width * batch.n;
        for (int o = 0; o < work.outputs; o++) {
            const int64_t channel = int64_t(work.group) * outputs_ + work.output + o;
            for (int64_t lane = 0; lane < where.lanes; lane += kLanes) {
                Block<T> sum = zeros<T>();
                for (int64_t i = first_term_[channel]; i < first_term_[channel + 1]; i++) {
                    const Block<T> value = load_levels<T>(levels + terms_[i].offset * batch.n + lane);
                    if (terms_[i].weight == 1) sum = sum + value;
                    else if (terms_[i].weight == -1) sum = sum - value;
                    else sum = sum + value * T(terms_[i].weight);
                }
                store(accumulators + where.at(o, lane), sum);
            }
        }
    }

    void add_columns(const Work& work, const Arrangement& where, const Batch& batch, char* accumulators) const {
        constexpr int kOutputs = Columns<T>::kWide * kLanes;
        const uint8_t* levels = batch.workspace + grid_.tensor.offset + work.row * grid_.width * batch.n;
        for (int64_t lane = 0; lane < where.lanes; lane++) {
            if (lane / batch.n % grid_.width >= out_.width) continue;
            for (int first = 0; first < work.outputs; first += kOutputs) {
                T sum[kOutputs];
                columns_.sum(levels + lane, batch.n, work.group, work.output + first, sum);
                for (int o = first; o < std::min(work.outputs, first + kOutputs); o++)
                    memcpy(accumulators + where.at(o, lane), &sum[o - first], sizeof(T));
            }
        }
    }

    void activate(const Work& work, const Arrangement& where, const Batch& batch, const char* accumulators) const {
        const int64_t row_lanes = int64_t(out_.width) * batch.n;
        for (int o = 0; o < work.outputs; o++) {
            const int64_t channel = int64_t(work.group) * outputs_ + work.output + o;
            for (int row = 0; row < work.rows; row++) {
                uint8_t* levels = batch.at(target_, channel, work.row + row, 0);
                for (int64_t lane = 0; lane < row_lanes; lane += kLanes) {
                    const char* from = accumulators + where.at(o, row * grid_.width * batch.n + lane);
                    if (table_.empty()) stairs_[channel].apply(from, levels + lane, row_lanes - lane);
                    else table_[channel].apply(reinterpret_cast<const uint8_t*>(from), levels + lane, row_lanes - lane);
                }
            }
        }
    }

    void activate_and_pool(const Work& work, const Arrangement& where, const Batch& batch,
                           const char* accumulators) const {
        const int end = std::min((work.row + work.rows) / pool_.kernel_h, pooled_.shape.height);
        for (int o = 0; o < work.outputs; o++) {
            const int64_t channel = int64_t(work.group) * outputs_ + work.output + o;
            for (int y = work.row / pool_.kernel_h; y < end; y++)
                for (int x = 0; x < pooled_.shape.width; x++) {
                    Block<uint8_t> most = zeros<uint8_t>();
                    for (int ky = 0; ky < pool_.kernel_h; ky++)
                        for (int kx = 0; kx < pool_.kernel_w; kx++) {
                            const int64_t row = y * pool_.kernel_h + ky - work.row;
                            const int64_t lane = (row * grid_.width + x * pool_.kernel_w + kx) * kBatch;
                            most = larger(most, levels(channel, o, where, accumulators, lane));
                        }
                    store(batch.at(pooled_, channel, y, x), most);
                }
        }
    }

    // Of a position, for all images.
    Block<uint8_t> levels(int64_t channel, int o, const Arrangement& where, const char* accumulators,
                          int64_t lane) const {
        alignas(kBlockBytes) uint8_t levels[kBatch];
        for (int i = 0; i < kBatch; i += kLanes) {
            const char* from = accumulators + where.at(o, lane + i);
            if (table_.empty()) stairs_[channel].apply(from, levels + i, kLanes);
            else table_[channel].apply(reinterpret_cast<const uint8_t*>(from), levels + i, kLanes);
        }
        return load<uint8_t>(levels);
    }

    // The network's output (folded) or a layer's accumulators (wrapped only), as int32.
    void write_integers(const Work& work, const Arrangement& where, const Batch& batch, const char* accumulators,
                        bool output) const {
        int32_t* to = output ? batch.out : batch.taps[tap_];
        for (int i = 0; i < batch.n; i++)
            for (int o = 0; o < work.outputs; o++)
                for (int row = 0; row < work.rows; row++)
                    for (int column = 0; column < out_.width; column++) {
                        const int64_t channel = int64_t(work.group) * outputs_ + work.output + o;
                        const int64_t lane = (row * grid_.width + column) * batch.n + i;
                        T value;
                        memcpy(&value, accumulators + where.at(o, lane), sizeof(T));
                        const int32_t m = wrap(value, bits_);
                        to[((i * int64_t(out_.channels) + channel) * out_.height + work.row + row) * out_.width + column] =
                            output ? fold(m, bits_, fold_) : m;
                    }
    }

    int tap_;
    Grid grid_;
    Layout target_;
    Window window_;
    Shape out_;
    int groups_, inputs_, outputs_, bits_;
    int64_t fold_;
    bool activated_;
    bool pools_ = false;
    Window pool_{};
    Layout pooled_;
    Choice choice_;
    int shared_rows_ = 0;  // whose tables two strips build
    double built_ = 0;     // what a row's tables cost, in rows of an output channel
    std::vector<TapPosition> positions_;
    std::vector<Tables> tables_;
    std::vector<uint16_t> index_;
    std::vector<Term> terms_;
    std::vector<int64_t> first_term_;
    Columns<T> columns_;  // where lanes may be few
    std::vector<Staircase<T>> stairs_;
    int64_t stairs_bytes_ = 0;
    std::vector<ByteTable> table_;
};

}  // namespace
}  // namespace wrapnet
