// SPDX-License-Identifier: BSD-3-Clause
// A fixed number of threads that do a piece of work together, then sleep until the next one.
#pragma once

#include <atomic>
#include <barrier>
#include <functional>
#include <thread>
#include <vector>

class Team {
  public:
    explicit Team(int workers) : barrier_(workers) {
        for (int i = 1; i < workers; i++) threads_.emplace_back([this, i] { follow(i); });
    }

    ~Team() {
        work_ = nullptr;
        begin();
        for (std::thread& thread : threads_) thread.join();
    }

    // Calls work(worker) on all threads, the caller's included, and waits for all.
    void run(const std::function<void(int)>& work) {
        work_ = &work;
        begin();
        work(0);
        meet();
    }

    // Waits until all threads are here.
    void meet() { barrier_.arrive_and_wait(); }

  private:
    void begin() {
        turn_.fetch_add(1);
        turn_.notify_all();
    }

    void follow(int worker) {
        for (int turn = 0;; turn++) {
            turn_.wait(turn);
            if (!work_) return;
            (*work_)(worker);
            meet();
        }
    }

    std::vector<std::thread> threads_;
    std::barrier<> barrier_;
    std::atomic<int> turn_{0};
    const std::function<void(int)>* work_ = nullptr;
};
