// SPDX-License-Identifier: BSD-3-Clause
// The simulated serial board: the Verilated uart_shell with its accelerator, bytes turned into bits at its pins and back.
//
// A C interface for ctypes (fpga/serial_board/build.py compiles it, library.py calls it). Time passes only in
// serial_run, and there only as long as something is going on. One board is used by one thread at a time.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include "Vuart_shell.h"
#include "verilated.h"

namespace {

constexpr uint64_t kQuietCycles = 1000;  // beyond two bytes' time, after which nothing more comes by itself
constexpr int kStopBit = 9;

class Board {
 public:
  Board(const char* rtl_dir, uint32_t clocks_per_bit) : clocks_per_bit_(clocks_per_bit) {
    // $readmemh names are relative to the design's folder; the caller's current directory comes back.
    const int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (here < 0) return;
    if (chdir(rtl_dir) == 0) {
      context_ = std::make_unique<VerilatedContext>();
      context_->randReset(2);  // what reset does not set starts at random, by a fixed seed
      context_->randSeed(1);
      context_->fatalOnError(false);
      model_ = std::make_unique<Vuart_shell>(context_.get());
      model_->ap_clk = 0;
      model_->ap_rst_n = 0;
      model_->rx_i = 1;
      model_->eval();
      if (fchdir(here) != 0 || context_->gotError() || context_->gotFinish()) model_.reset();
    }
    close(here);
    if (!model_) return;
    for (int i = 0; i < 8; i++) clock();
    model_->ap_rst_n = 1;
    for (int i = 0; i < 64; i++) clock();
  }

  ~Board() {
    if (model_) model_->final();
  }

  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  bool good() const { return model_ != nullptr; }
  uint64_t cycles() const { return cycles_; }

  void send(const uint8_t* bytes, uint64_t count) { to_board_.insert(to_board_.end(), bytes, bytes + count); }

  uint64_t receive(uint8_t* bytes, uint64_t most) {
    const uint64_t count = std::min<uint64_t>(most, from_board_.size());
    std::copy_n(from_board_.begin(), count, bytes);
    from_board_.erase(from_board_.begin(), from_board_.begin() + static_cast<int64_t>(count));
    return count;
  }

  // Clock for at most `limit` cycles; true if there is more to do, false once all is quiet.
  bool run(uint64_t limit) {
    for (uint64_t i = 0; i < limit; i++) {
      drive();
      clock();
      listen();
      if (rx_bit_ >= 0 || !to_board_.empty() || tx_bit_ >= 0 || model_->busy_o) quiet_ = 0;
      else if (++quiet_ > kQuietCycles + 20ull * clocks_per_bit_) return false;
    }
    return true;
  }

 private:
  void clock() {
    model_->ap_clk = 1;
    model_->eval();
    model_->ap_clk = 0;
    model_->eval();
    cycles_++;
  }

  // The receiving pin: start bit, eight bits, lowest first, stop bit.
  void drive() {
    if (rx_bit_ >= 0 && --rx_count_ == 0) {
      rx_count_ = clocks_per_bit_;
      if (++rx_bit_ > kStopBit) rx_bit_ = -1;
    }
    if (rx_bit_ < 0 && !to_board_.empty()) {
      rx_shift_ = 1u << kStopBit | uint32_t{to_board_.front()} << 1;
      to_board_.pop_front();
      rx_bit_ = 0;
      rx_count_ = clocks_per_bit_;
    }
    model_->rx_i = rx_bit_ < 0 || (rx_shift_ >> rx_bit_ & 1);
  }

  // The sending pin, taken in the middle of each bit; a byte without its stop bit is no byte.
  void listen() {
    if (tx_bit_ < 0) {
      if (model_->tx_o) return;
      tx_bit_ = 0;
      tx_count_ = clocks_per_bit_ / 2;
      tx_byte_ = 0;
    } else if (--tx_count_ == 0) {
      tx_count_ = clocks_per_bit_;
      if (tx_bit_ > 0 && tx_bit_ < kStopBit) tx_byte_ |= uint32_t{model_->tx_o} << (tx_bit_ - 1);
      if (tx_bit_ == kStopBit && model_->tx_o) from_board_.push_back(static_cast<uint8_t>(tx_byte_));
      if (++tx_bit_ > kStopBit) tx_bit_ = -1;
    }
  }

  uint32_t clocks_per_bit_;
  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Vuart_shell> model_;
  std::deque<uint8_t> to_board_, from_board_;
  int rx_bit_ = -1, tx_bit_ = -1;  // of the byte that is on its way; -1: none is
  uint32_t rx_count_ = 0, tx_count_ = 0;  // clocks until the next bit
  uint32_t rx_shift_ = 0, tx_byte_ = 0;
  uint64_t quiet_ = 0;
  uint64_t cycles_ = 0;
};

}  // namespace

extern "C" {

// A board in reset's aftermath, or nullptr if the design's folder or one of its memory files cannot be read.
void* serial_new(const char* rtl_dir, uint32_t clocks_per_bit) {
  auto board = std::make_unique<Board>(rtl_dir, clocks_per_bit);
  return board->good() ? board.release() : nullptr;
}

void serial_free(void* board) { delete static_cast<Board*>(board); }

void serial_send(void* board, const uint8_t* bytes, uint64_t count) { static_cast<Board*>(board)->send(bytes, count); }

uint64_t serial_receive(void* board, uint8_t* bytes, uint64_t most) {
  return static_cast<Board*>(board)->receive(bytes, most);
}

uint32_t serial_run(void* board, uint64_t cycles) { return static_cast<Board*>(board)->run(cycles); }

uint64_t serial_cycles(void* board) { return static_cast<Board*>(board)->cycles(); }

}  // extern "C"
