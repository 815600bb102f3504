// SPDX-License-Identifier: BSD-3-Clause
// The simulated board: the Verilated shell with its accelerator, and a memory that answers its two AXI4 ports.
//
// A C interface for ctypes (fpga/shell/build.py compiles it, fpga/shell/library.py calls it). The memory is the
// caller's: `ddr` holds the bytes of bus addresses ddr_base .. ddr_base + ddr_size; anything else answers with DECERR.
// A write to a start bit of a DMA clocks the design until both DMAs are idle or nothing moves any more, so what a
// program sees next does not depend on how fast it polls (board_set_limit changes that). One board is used by one thread at a time.
//
// What a real bus may do can be asked for: pauses on every channel, errors on chosen transfers. What it may not is
// looked for: the first rule of AXI4 that the shell breaks is kept (board_broken_rule).

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include "Vshell.h"
#include "verilated.h"

namespace {

constexpr uint32_t kInControl = 0x000, kOutControl = 0x100, kReset = 0x23c;
constexpr uint32_t kOkay = 0, kSlaveError = 2, kDecodeError = 3;
constexpr uint64_t kBeatBytes = 8;
// Cycles without a transfer on any port after which a job is taken to be stuck.
constexpr uint64_t kQuietCycles = 1u << 22;
// The same while the input DMA is idle: nothing but what is in the pipeline can still come out.
constexpr uint64_t kQuietWithoutInput = 1u << 12;
constexpr size_t kMaxBursts = 8;  // that a memory port takes in advance
constexpr size_t kMaxEarly = 8;   // beats that it takes before their burst's address
constexpr uint32_t kBurstBeats = 16;

enum Channel { kReadAddress, kReadData, kWriteAddress, kWriteData, kWriteResponse, kRegisters, kChannels };

// Chance by a seed: xorshift, so that a run repeats on every machine.
class Chance {
 public:
  void seed(uint32_t seed) { state_ = 0x9e3779b97f4a7c15ull ^ (uint64_t{seed} << 1 | 1); }
  void set(uint32_t channel, uint32_t percent) {
    if (channel >= kChannels) return;
    const uint64_t most = channel == kRegisters ? 99 : 100;  // an access to the registers must come to its end
    limits_[channel] = (std::min<uint64_t>(percent, most) << 32) / 100;
  }
  // True: this channel waits for this cycle.
  bool stalls(Channel channel) {
    if (limits_[channel] == 0) return false;
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return (state_ >> 32) < limits_[channel];
  }

 private:
  uint64_t state_ = 1;
  uint64_t limits_[kChannels] = {};
};

// Which of the coming transfers are answered with an error: `count` of them, after `after` others.
struct Errors {
  uint64_t after = 0;
  uint64_t count = 0;
  uint32_t response = kSlaveError;

  // The answer to the next transfer.
  uint32_t next() {
    if (count == 0) return kOkay;
    if (after > 0) return after--, kOkay;
    return count--, response;
  }
};

struct Memory {
  uint8_t* bytes;
  uint64_t base;
  uint64_t size;

  // The eight bytes at `address`, or nullptr outside.
  uint8_t* beat(uint64_t address) const {
    if (address < base || address - base + kBeatBytes > size) return nullptr;
    return bytes + (address - base);
  }
};

struct Burst {  // the rest of one that was announced
  uint64_t address;
  uint32_t beats;
  uint32_t response;
};

struct Beat {  // one that was taken and waits for its burst's address
  uint64_t data;
  uint32_t strobe;
  bool last;
};

// What a channel offered and the memory did not take: it must be offered again, unchanged.
struct Offer {
  bool waits = false;
  uint64_t data = 0;
  uint32_t rest = 0;

  bool changed(const Offer& now) const { return waits && !(now.waits && now.data == data && now.rest == rest); }
};

class Board {
 public:
  Board(const char* rtl_dir, Memory memory) : memory_(memory) {
    // $readmemh names are relative to the design's folder; the caller's current directory comes back.
    const int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (here < 0) return;
    if (chdir(rtl_dir) == 0) {
      context_ = std::make_unique<VerilatedContext>();
      context_->randReset(2);  // what reset does not set starts at random, by a fixed seed
      context_->randSeed(1);
      context_->fatalOnError(false);
      model_ = std::make_unique<Vshell>(context_.get());
      model_->ap_clk = 0;
      model_->ap_rst_n = 0;
      quiet_bus();
      model_->eval();
      if (fchdir(here) != 0 || context_->gotError() || context_->gotFinish()) model_.reset();
    }
    close(here);
    if (!model_) return;
    for (int i = 0; i < 8; i++) cycle();
    model_->ap_rst_n = 1;
    for (int i = 0; i < 64; i++) cycle();
  }

  ~Board() {
    if (model_) model_->final();
  }

  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  bool good() const { return model_ != nullptr; }
  uint64_t cycles() const { return cycles_; }
  void set_stall(uint32_t seed, uint32_t percent) {
    chance_.seed(seed);
    for (uint32_t channel = 0; channel < kRegisters; channel++) chance_.set(channel, percent);
  }
  void set_channel_stall(uint32_t channel, uint32_t percent) { chance_.set(channel, percent); }
  void set_errors(bool on_writes, Errors errors) { (on_writes ? write_errors_ : read_errors_) = errors; }
  uint64_t errors() const { return errors_taken_; }
  const char* broken_rule() const { return broken_rule_; }
  void set_limit(uint64_t cycles) { limit_ = cycles; }
  void set_fault(uint64_t base, uint64_t size) { fault_base_ = base, fault_size_ = size; }

  uint32_t read(uint32_t offset) {
    pause();
    model_->s_axi_araddr = offset & 0xfff;
    model_->s_axi_arvalid = 1;
    wait_for(model_->s_axi_arready);
    model_->s_axi_arvalid = 0;
    pause();
    model_->s_axi_rready = 1;
    settle();
    while (!model_->s_axi_rvalid) {
      step();
      settle();
    }
    const uint32_t value = model_->s_axi_rdata;
    step();
    model_->s_axi_rready = 0;
    return value;
  }

  // A register write and nothing else.
  void poke(uint32_t offset, uint32_t value) {
    pause();
    model_->s_axi_awaddr = offset & 0xfff;
    model_->s_axi_wdata = value;
    model_->s_axi_wstrb = 0xf;
    // Either half may come first; the shell takes them together.
    (chance_.stalls(kRegisters) ? model_->s_axi_wvalid : model_->s_axi_awvalid) = 1;
    pause();
    model_->s_axi_awvalid = 1;
    model_->s_axi_wvalid = 1;
    wait_for(model_->s_axi_awready);
    model_->s_axi_awvalid = 0;
    model_->s_axi_wvalid = 0;
    pause();
    model_->s_axi_bready = 1;
    wait_for(model_->s_axi_bvalid);
    model_->s_axi_bready = 0;
  }

  void write(uint32_t offset, uint32_t value) {
    poke(offset, value);
    if ((offset == kInControl || offset == kOutControl) && (value & 1)) run(limit_);
    if (offset == kReset && (value & 1)) {
      for (int i = 0; i < 1 << 16 && (read(kReset) & 1); i++) {
      }
    }
  }

  // Clock until both DMAs are idle, nothing moves any more, or `limit` cycles are over; the cycles it took.
  uint64_t run(uint64_t limit) {
    const uint64_t start = cycles_;
    moved_ = cycles_;
    for (;;) {
      const uint64_t quiet = model_->in_busy_o ? kQuietCycles : kQuietWithoutInput;
      if (!(model_->in_busy_o || model_->out_busy_o) || cycles_ - start >= limit || cycles_ - moved_ > quiet) break;
      cycle();
    }
    return cycles_ - start;
  }

 private:
  void cycle() {
    settle();
    step();
  }

  // Everything that depends on this cycle's inputs, without the clock edge.
  void settle() {
    model_->ap_clk = 0;
    model_->eval();
  }

  void wait_for(const CData& signal) {
    settle();
    while (!signal) {
      step();
      settle();
    }
    step();
  }

  // The processor lets the register port wait.
  void pause() {
    while (chance_.stalls(kRegisters)) cycle();
  }

  // The clock edge: what both sides offered and accepted in this cycle counts, then the memory's next offers.
  void step() {
    Vshell& m = *model_;
    const bool ar = m.m_axi_in_arvalid && m.m_axi_in_arready;
    const bool r = m.m_axi_in_rvalid && m.m_axi_in_rready;
    const bool aw = m.m_axi_out_awvalid && m.m_axi_out_awready;
    const bool w = m.m_axi_out_wvalid && m.m_axi_out_wready;
    const bool b = m.m_axi_out_bvalid && m.m_axi_out_bready;
    if (ar) reads_.push_back({m.m_axi_in_araddr, m.m_axi_in_arlen + 1u, kOkay});
    if (aw) writes_.push_back({m.m_axi_out_awaddr, m.m_axi_out_awlen + 1u, kOkay});
    if (w) early_.push_back({m.m_axi_out_wdata, m.m_axi_out_wstrb, m.m_axi_out_wlast != 0});
    errors_taken_ += (r && m.m_axi_in_rresp != kOkay) + (b && m.m_axi_out_bresp != kOkay);
    if (m.ap_rst_n) look_for_broken_rules();
    while (!writes_.empty() && !early_.empty()) {
      take(early_.front());
      early_.pop_front();
    }
    if (ar || r || aw || w || b) moved_ = cycles_;

    m.ap_clk = 1;
    m.eval();
    cycles_++;

    if (r) m.m_axi_in_rvalid = 0;
    if (!m.m_axi_in_rvalid && !reads_.empty() && !chance_.stalls(kReadData)) offer_read();
    if (b) m.m_axi_out_bvalid = 0;
    if (!m.m_axi_out_bvalid && !responses_.empty() && !chance_.stalls(kWriteResponse)) {
      m.m_axi_out_bvalid = 1;
      m.m_axi_out_bresp = responses_.front();
      responses_.pop_front();
    }
    m.m_axi_in_arready = reads_.size() < kMaxBursts && !chance_.stalls(kReadAddress);
    m.m_axi_out_awready = writes_.size() < kMaxBursts && !chance_.stalls(kWriteAddress);
    m.m_axi_out_wready = early_.size() < kMaxEarly && !chance_.stalls(kWriteData);
  }

  void offer_read() {
    Burst& burst = reads_.front();
    uint8_t* beat = nullptr;
    uint32_t response = reach(burst.address, beat);
    if (response == kOkay) response = read_errors_.next();
    uint64_t data = 0;
    if (beat) std::memcpy(&data, beat, kBeatBytes);
    if (response != kOkay) data = ~data;
    model_->m_axi_in_rdata = data;
    model_->m_axi_in_rresp = response;
    model_->m_axi_in_rlast = burst.beats == 1;
    model_->m_axi_in_rvalid = 1;
    burst.address += kBeatBytes;
    if (--burst.beats == 0) reads_.pop_front();
  }

  void take(const Beat& sent) {
    Burst& burst = writes_.front();
    uint8_t* beat = nullptr;
    const uint32_t response = reach(burst.address, beat);
    if (response != kOkay) burst.response = response;
    for (uint64_t lane = 0; beat && lane < kBeatBytes; lane++) {
      if (sent.strobe >> lane & 1) beat[lane] = static_cast<uint8_t>(sent.data >> (8 * lane));
    }
    burst.address += kBeatBytes;
    if (sent.last != (burst.beats == 1)) breaks("WLAST is not at the end of the burst");
    if (--burst.beats == 0) {
      const uint32_t error = write_errors_.next();
      responses_.push_back(error != kOkay ? error : burst.response);
      writes_.pop_front();
    }
  }

  void breaks(const char* rule) {
    if (!broken_rule_) broken_rule_ = rule;
  }

  void look_for_broken_rules() {
    const Vshell& m = *model_;
    const Offer ar{m.m_axi_in_arvalid != 0, m.m_axi_in_araddr, m.m_axi_in_arlen};
    const Offer aw{m.m_axi_out_awvalid != 0, m.m_axi_out_awaddr, m.m_axi_out_awlen};
    const Offer w{m.m_axi_out_wvalid != 0, m.m_axi_out_wdata, m.m_axi_out_wstrb << 1 | m.m_axi_out_wlast};
    const bool ready[3] = {m.m_axi_in_arready != 0, m.m_axi_out_awready != 0, m.m_axi_out_wready != 0};
    const Offer* now[3] = {&ar, &aw, &w};
    const char* rules[3] = {"AR changed while it waited", "AW changed while it waited", "W changed while it waited"};
    for (int i = 0; i < 3; i++) {
      if (offers_[i].changed(*now[i])) breaks(rules[i]);
      offers_[i] = *now[i];
      offers_[i].waits = now[i]->waits && !ready[i];
    }
    for (const Offer* burst : {&ar, &aw}) {
      if (!burst->waits) continue;
      const uint64_t bytes = (burst->rest + 1u) * kBeatBytes;
      if (burst->rest >= kBurstBeats || burst->data % kBeatBytes) breaks("a burst of another size than 1 to 16 beats");
      if (burst->data % 4096 + bytes > 4096) breaks("a burst across a 4 KiB boundary");
    }
  }

  // The memory behind `address` and the bus's answer; no memory outside the DDR and in the fault range.
  uint32_t reach(uint64_t address, uint8_t*& beat) const {
    if (address - fault_base_ < fault_size_) return kSlaveError;
    beat = memory_.beat(address);
    return beat ? kOkay : kDecodeError;
  }

  void quiet_bus() {
    Vshell& m = *model_;
    m.s_axi_awaddr = 0, m.s_axi_awvalid = 0, m.s_axi_wdata = 0, m.s_axi_wstrb = 0, m.s_axi_wvalid = 0;
    m.s_axi_bready = 0, m.s_axi_araddr = 0, m.s_axi_arvalid = 0, m.s_axi_rready = 0;
    m.m_axi_in_arready = 0, m.m_axi_in_rdata = 0, m.m_axi_in_rresp = 0, m.m_axi_in_rlast = 0;
    m.m_axi_in_rvalid = 0, m.m_axi_out_awready = 0, m.m_axi_out_wready = 0;
    m.m_axi_out_bresp = 0, m.m_axi_out_bvalid = 0;
  }

  Memory memory_;
  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Vshell> model_;
  std::deque<Burst> reads_, writes_;
  std::deque<Beat> early_;
  std::deque<uint32_t> responses_;
  Chance chance_;
  Errors read_errors_, write_errors_;
  uint64_t errors_taken_ = 0;
  Offer offers_[3];
  const char* broken_rule_ = nullptr;
  uint64_t limit_ = UINT64_MAX;
  uint64_t fault_base_ = 0, fault_size_ = 0;
  uint64_t cycles_ = 0;
  uint64_t moved_ = 0;  // the cycle of the latest transfer
};

}  // namespace

extern "C" {

// A board in reset's aftermath, or nullptr if the design's folder or one of its memory files cannot be read.
void* board_new(const char* rtl_dir, uint8_t* ddr, uint64_t ddr_base, uint64_t ddr_size) {
  auto board = std::make_unique<Board>(rtl_dir, Memory{ddr, ddr_base, ddr_size});
  return board->good() ? board.release() : nullptr;
}

void board_free(void* board) { delete static_cast<Board*>(board); }

uint32_t board_read(void* board, uint32_t offset) { return static_cast<Board*>(board)->read(offset); }

void board_write(void* board, uint32_t offset, uint32_t value) { static_cast<Board*>(board)->write(offset, value); }

// A register write that runs nothing by itself.
void board_poke(void* board, uint32_t offset, uint32_t value) { static_cast<Board*>(board)->poke(offset, value); }

uint64_t board_cycles(void* board) { return static_cast<Board*>(board)->cycles(); }

uint64_t board_run(void* board, uint64_t max_cycles) { return static_cast<Board*>(board)->run(max_cycles); }

// From now on each channel of the memory waits in `percent` (100: all) of the cycles, chosen by `seed`.
void board_set_stall(void* board, uint32_t seed, uint32_t percent) {
  static_cast<Board*>(board)->set_stall(seed, percent);
}

// The same for one channel: 0 read address, 1 read data, 2 write address, 3 write data, 4 write response, 5 registers.
void board_set_channel_stall(void* board, uint32_t channel, uint32_t percent) {
  static_cast<Board*>(board)->set_channel_stall(channel, percent);
}

// After `after` more transfers (beats read, or bursts written if `on_writes`) the next `count` answer with `response`
// (2 SLVERR, 3 DECERR), though there is memory behind them.
void board_set_errors(void* board, uint32_t on_writes, uint64_t after, uint64_t count, uint32_t response) {
  static_cast<Board*>(board)->set_errors(on_writes != 0, Errors{after, count, response});
}

// Error answers that the shell has taken since the board was made.
uint64_t board_errors(void* board) { return static_cast<Board*>(board)->errors(); }

// The first rule of AXI4 that the shell broke, or nullptr.
const char* board_broken_rule(void* board) { return static_cast<Board*>(board)->broken_rule(); }

// The most cycles that a write to a start bit runs by itself (0: none; at first: no limit); board_run goes on from there.
void board_set_limit(void* board, uint64_t cycles) { static_cast<Board*>(board)->set_limit(cycles); }

// Bus addresses base .. base + size answer with an error (size 0: none), though there is memory behind them.
void board_set_fault(void* board, uint64_t base, uint64_t size) { static_cast<Board*>(board)->set_fault(base, size); }

}  // extern "C"
