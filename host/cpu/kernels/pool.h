// SPDX-License-Identifier: BSD-3-Clause
// A fixed number of threads that share the items of a loop; the caller is one of them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace wrapnet {
namespace {

class Pool {
  public:
    explicit Pool(int workers) : shares_(workers) {
        try {
            for (int i = 1; i < workers; i++) threads_.emplace_back([this, i] { work(i); });
        } catch (...) {
            stop();
            throw;
        }
    }
    ~Pool() { stop(); }
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    int workers() const { return int(threads_.size()) + 1; }

    // Calls body(item, worker) for each item below `count`; returns when all are done.
    template <class Body> void run(int64_t count, Body&& body) {
        if (threads_.empty() || count <= 1) {
            for (int64_t item = 0; item < count; item++) body(item, 0);
            return;
        }
        {
            std::lock_guard<std::mutex> lock(mutex_);
            call_ = [](void* self, int64_t item, int worker) {
                (*static_cast<std::remove_reference_t<Body>*>(self))(item, worker);
            };
            body_ = &body;
            for (int i = 0; i < workers(); i++) {
                shares_[i].end = count * (i + 1) / workers();
                shares_[i].next.store(count * i / workers());
            }
            busy_.store(int(threads_.size()));
            round_.fetch_add(1);
        }
        wake_.notify_all();
        take(0);
        while (busy_.load()) std::this_thread::yield();
    }

  private:
    struct alignas(64) Share {  // of a worker: items next to end
        std::atomic<int64_t> next{0};
        int64_t end = 0;
    };

    // The same share of each loop, for what a worker wrote last is in its cache; then what is left of the others'.
    void take(int worker) {
        for (int i = 0; i < workers(); i++) {
            Share& share = shares_[(worker + i) % workers()];
            for (int64_t item; (item = share.next.fetch_add(1)) < share.end;) call_(body_, item, worker);
        }
    }

    void work(int worker) {
        // A network is a quick succession of loops: a look before going to sleep saves most of the wake-ups.
        constexpr int kLooks = 1000;
        for (uint64_t seen = 0;;) {
            for (int look = 0; look < kLooks && round_.load() == seen; look++) std::this_thread::yield();
            if (round_.load() == seen) {
                std::unique_lock<std::mutex> lock(mutex_);
                wake_.wait(lock, [&] { return round_.load() != seen; });
            }
            seen = round_.load();
            if (stopping_.load()) return;
            take(worker);
            busy_.fetch_sub(1);
        }
    }

    void stop() {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            stopping_.store(true);
            round_.fetch_add(1);
        }
        wake_.notify_all();
        for (std::thread& thread : threads_) thread.join();
        threads_.clear();
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::atomic<uint64_t> round_{0};
    std::atomic<bool> stopping_{false};
    std::atomic<int> busy_{0};
    std::vector<Share> shares_;
    void (*call_)(void*, int64_t, int) = nullptr;
    void* body_ = nullptr;
    std::vector<std::thread> threads_;
};

}  // namespace
}  // namespace wrapnet
