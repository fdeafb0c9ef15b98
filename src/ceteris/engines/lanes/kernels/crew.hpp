// The threads that train a packed batch together. All run the same code, each on its share of the work, and meet where one
// needs what others have made; a sum is always added up by one of them alone, so its bits do not depend on their number.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "vector.hpp"

namespace ceteris {

// Where threads wait until all have come.
class Barrier {
 public:
  // Thrown where threads would wait for one that has failed.
  struct Broken : std::exception {};

  explicit Barrier(int count) : count_(count) {}

  void meet() {
    const unsigned turn = turn_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == count_) {
      arrived_.store(0, std::memory_order_relaxed);
      pass(turn + 1);
    } else {
      for (int spin = 0; spin < kSpins && turn_.load(std::memory_order_acquire) == turn; ++spin) pause();
      if (turn_.load(std::memory_order_acquire) == turn) {
        std::unique_lock<std::mutex> lock(mutex_);
        passed_.wait(lock, [&] { return turn_.load(std::memory_order_acquire) != turn || broken_.load(); });
      }
    }
    if (broken_.load()) throw Broken();
  }

  // Sends away those who wait, and those who come.
  void break_up() {
    broken_.store(true);
    pass(turn_.load(std::memory_order_acquire) + 1);
  }
  // For who has seen that all have left.
  void mend() {
    broken_.store(false);
    arrived_.store(0);
  }

 private:
  // About 50 microseconds: several threads seldom wait longer for one another, unless other programs have the cores, which
  // then get this one too.
  static constexpr int kSpins = 1000;

  static void pause() {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  void pass(unsigned turn) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      turn_.store(turn, std::memory_order_release);
    }
    passed_.notify_all();
  }

  const int count_;
  std::atomic<int> arrived_{0};
  std::atomic<unsigned> turn_{0};
  std::atomic<bool> broken_{false};
  std::mutex mutex_;
  std::condition_variable passed_;
};

// What one of several things has: those from the first to before the last.
struct Span {
  size_t first, last;
};

// One of the threads of a crew.
struct Thread {
  int number = 0, count = 1;
  Barrier* barrier = nullptr;

  bool leads() const { return number == 0; }
  void meet() const {
    if (count > 1) barrier->meet();
  }
  // Its share of so many things.
  Span share(size_t things) const {
    const auto of = static_cast<size_t>(count), own = static_cast<size_t>(number);
    return {things * own / of, things * (own + 1) / of};
  }
};

// A crew of the calling thread and others, which sleep while nothing is to be done.
class Crew {
 public:
  // As many threads as are wanted, or as the system allows.
  explicit Crew(int count) {
    try {
      for (int number = 1; number < count; ++number) others_.emplace_back([this, number] { serve(number); });
    } catch (const std::exception&) {  // fewer do the same
    }
    barrier_ = std::make_unique<Barrier>(this->count());
  }
  ~Crew() {
    tell([&] { ends_ = true; });
    for (std::thread& other : others_) other.join();
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  int count() const { return 1 + static_cast<int>(others_.size()); }

  // Calls `job` in each of the threads, and throws what the first of them to fail has thrown.
  void run(const std::function<void(const Thread&)>& job) {
    if (others_.empty()) return job({});
    error_ = nullptr;
    barrier_->mend();
    tell([&] {
      job_ = &job;
      busy_ = count() - 1;
      ++jobs_;
    });
    work(job, 0);
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [&] { return busy_ == 0; });
    if (error_) std::rethrow_exception(error_);
  }

 private:
  template <typename Change>
  void tell(Change change) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      change();
    }
    told_.notify_all();
  }

  void serve(int number) {
    unsigned seen = 0;
    for (;;) {
      const std::function<void(const Thread&)>* job = nullptr;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        told_.wait(lock, [&] { return ends_ || jobs_ != seen; });
        if (ends_) return;
        seen = jobs_;
        job = job_;
      }
      work(*job, number);
      const std::lock_guard<std::mutex> lock(mutex_);
      if (--busy_ == 0) done_.notify_one();
    }
  }

  void work(const std::function<void(const Thread&)>& job, int number) {
    try {
      job({number, count(), barrier_.get()});
    } catch (const Barrier::Broken&) {  // the other thread's error counts
    } catch (...) {
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!error_) error_ = std::current_exception();
      }
      barrier_->break_up();
    }
  }

  std::vector<std::thread> others_;
  std::unique_ptr<Barrier> barrier_;
  std::mutex mutex_;
  std::condition_variable told_, done_;
  const std::function<void(const Thread&)>* job_ = nullptr;
  unsigned jobs_ = 0;
  int busy_ = 0;
  bool ends_ = false;
  std::exception_ptr error_;
};

}  // namespace ceteris
