// A bank: up to sixteen runs that are trained at the same time, in as many parts as the registers need, by one thread or more.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "gather.hpp"
#include "kinds.hpp"
#include "softmax.hpp"
#include "steady.hpp"

namespace ceteris {

constexpr int kBankSize = 16;

// A minibatch goes forward and back in groups of so many images, whose values then stay in the second-level cache; sums
// over the minibatch add the same terms in the same order as without groups. Against 32 together, groups of 8 were 15 to
// 19 % faster, of 2 and 4 11 to 15 % (baseline, batch 32; two cores of an Intel Xeon with 2 MiB; two medians of 3 each).
constexpr int kGroup = 8;

// Sums over the images that a call looked at, for one run.
struct Totals {
  double loss = 0;
  int64_t correct = 0;
};

// The training images and the way through them: `order` is [run][place], `views` likewise, or null; `factors`, of the
// learning rate, is [run][step of the epoch].
struct Epoch {
  Pixels pixels;
  const int32_t* labels;
  const int32_t* order;
  const View* views;
  const double* factors;
  int64_t images;
  uint32_t number;
};

// The runs of one register. Lanes without a run repeat the last run, and nobody reads them.
class Part {
 public:
  Part(Shape image, int first_run, int runs, int batch_size)
      : network(image), first_run_(first_run), runs_(std::min(kWidth, runs - first_run)), batch_size_(batch_size), image_(image) {}

  int run(int lane) const { return first_run_ + std::min(lane, runs_ - 1); }
  int first_run() const { return first_run_; }
  int runs() const { return runs_; }

  void finish(const OptimizerKind& optimizer, RunSettings settings, bool averages) {
    optimizer_ = &optimizer;
    settings_ = std::move(settings);
    clip_norm_ = settings_.lanes("clip_norm");
    average_rest_ = settings_.lanes([](double decay) { return decay > 0 ? 1 - decay : 0; }, "average_decay");
    const double classes = network.output().channels;
    targets_ = {settings_.lanes([=](double smoothing) { return 1 - smoothing + smoothing / classes; }, "label_smoothing"),
                settings_.lanes([=](double smoothing) { return smoothing / classes; }, "label_smoothing")};
    mirrored_ = settings_.lanes("test_time_flip") > Lanes{};
    mirrors_ = any(as_lanes(mirrored_ & as_integers(broadcast(1.0f))));
    averages_ = averages;
    network.finish(averages);
  }

  // Lays out memory for so many threads; between two minibatches it may be laid out anew.
  void lay_out(int threads) {
    group_ = network.needs_whole_minibatch() ? batch_size_ : std::min(batch_size_, kGroup * threads);
    capacity_ = std::max(group_, capacity());
    labels_.resize(static_cast<size_t>(capacity_));
    if (mirrors_) mirrored_logits_.resize(static_cast<size_t>(capacity_ * network.output().channels));
    gatherers_.assign(static_cast<size_t>(threads), Gatherer(image_));
    network.lay_out(capacity_, threads);
  }

  // Images that there is room for; scoring wants a few at a time even where training takes fewer.
  int capacity() const { return network.needs_whole_minibatch() ? std::max(batch_size_, kLeast) : kLeast; }

  // What follows is called by each of the threads at the same time. The first of them, which may use `totals`, does what takes
  // no time.

  void train(const Epoch& epoch, int64_t first_step, int64_t steps, const Thread& thread, Totals* totals) {
    const FlushTinyNumbers flush;
    for (int64_t place = first_step * batch_size_; steps > 0 && place < epoch.images; place += batch_size_, --steps) {
      const int images = static_cast<int>(std::min<int64_t>(batch_size_, epoch.images - place));
      network.begin({images, static_cast<uint32_t>(place), epoch.number, true, thread});
      for (int done = 0; done < images; done += group_) {
        const int64_t first = place + done;
        const Step step{std::min(group_, images - done), static_cast<uint32_t>(first), epoch.number, true, thread};
        network.forward(step, [&](int image) { gather_training(epoch, first + image, image, thread); });
        if (thread.leads()) score(step.images, totals, images);
        thread.meet();
        network.backward(step);
      }
      if (thread.leads()) {
        schedule(epoch, place / batch_size_);
        ++network.moments().steps;
      }
      network.end(thread);
      network.update(*optimizer_, settings_, clip_norm_, thread);
      if (averages_) network.average(average_rest_, thread);
    }
  }

  // `probabilities`, if wanted, is [run][image][class] over the whole bank. Where a run asks for it, they and the loss are those
  // of the mean over an image and its mirror image.
  void score_all(const Pixels& pixels, const int32_t* labels, int64_t images, float* probabilities, const Thread& thread,
                 Totals* totals) {
    const FlushTinyNumbers flush;
    const int classes = network.output().channels;
    std::array<View, kWidth> mirror;
    for (View& view : mirror) view.mirrored = 1;
    network.begin({0, 0, 0, false, thread});
    for (int64_t first = 0; first < images; first += capacity_) {
      const int count = static_cast<int>(std::min<int64_t>(capacity_, images - first));
      const auto look = [&](const View* views) {
        network.forward({count, 0, 0, false, thread}, [&](int image) {
          int64_t index[kWidth];
          std::fill_n(index, kWidth, first + image);
          gatherers_[static_cast<size_t>(thread.number)].gather(pixels, index, views, network.input().image(image));
          labels_[static_cast<size_t>(image)] = broadcast(labels[first + image]);
        });
      };
      if (mirrors_) {
        look(mirror.data());
        for (int image = 0; thread.leads() && image < count; ++image)
          std::copy_n(network.logits().flat(image), classes, mirrored_logits(image));
        thread.meet();
      }
      look(nullptr);
      if (thread.leads()) {
        score(count, totals, 0);
        for (int lane = 0; probabilities && lane < runs_; ++lane)
          for (int image = 0; image < count; ++image)
            for (int k = 0; k < classes; ++k)
              probabilities[(static_cast<int64_t>(first_run_ + lane) * images + first + image) * classes + k] =
                  network.logits().flat(image)[k][lane];
      }
      thread.meet();
    }
  }

  Network network;

 private:
  static constexpr int kLeast = 16;
  static_assert(kLeast >= kGroup);

  void gather_training(const Epoch& epoch, int64_t place, int image, const Thread& thread) {
    int64_t index[kWidth];
    View views[kWidth];
    Integers& label = labels_[static_cast<size_t>(image)];
    for (int lane = 0; lane < kWidth; ++lane) {
      const int64_t at = run(lane) * epoch.images + place;
      index[lane] = epoch.order[at];
      label[lane] = epoch.labels[index[lane]];
      if (epoch.views) views[lane] = epoch.views[at];
    }
    Gatherer& gatherer = gatherers_[static_cast<size_t>(thread.number)];
    gatherer.gather(epoch.pixels, index, epoch.views ? views : nullptr, network.input().image(image));
  }

  void schedule(const Epoch& epoch, int64_t step) {
    const int64_t steps = (epoch.images + batch_size_ - 1) / batch_size_;
    RunSettings::Numbers factors;
    for (int lane = 0; lane < kWidth; ++lane) factors[static_cast<size_t>(lane)] = epoch.factors[run(lane) * steps + step];
    settings_.schedule(factors);
  }

  // Turns logits into probabilities, adds up loss and hits, and leaves the gradient of the logits of a minibatch of
  // `trained_images` images, or of none.
  void score(int images, Totals* totals, int trained_images) {
    const int classes = network.output().channels;
    for (int image = 0; image < images; ++image) {
      Lanes* logits = network.logits().flat(image);
      const Integers label = labels_[static_cast<size_t>(image)];
      Score score = softmax(logits, classes, label);
      if (mirrors_ && trained_images == 0) {
        const Score other = softmax(mirrored_logits(image), classes, label);
        score = mean_of_looks(logits, score, mirrored_logits(image), other, classes, label, mirrored_);
      }
      for (int lane = 0; lane < runs_; ++lane) {
        totals[first_run_ + lane].loss += static_cast<double>(score.loss[lane]);
        totals[first_run_ + lane].correct += score.correct[lane];
      }
      if (trained_images == 0) continue;
      Lanes* gradient = network.logits_gradient().flat(image);
      std::copy_n(logits, classes, gradient);
      cross_entropy_gradient(gradient, classes, label, trained_images, targets_);
    }
  }

  Lanes* mirrored_logits(int image) { return mirrored_logits_.data() + static_cast<ptrdiff_t>(image) * network.output().channels; }

  int first_run_, runs_, batch_size_, group_ = 0, capacity_ = 0;
  const OptimizerKind* optimizer_ = nullptr;
  RunSettings settings_;
  Lanes clip_norm_{}, average_rest_{};
  bool averages_ = false, mirrors_ = false;
  Integers mirrored_{};  // which lanes average over mirrored images in scoring
  std::vector<Lanes> mirrored_logits_;
  Targets targets_{};
  Shape image_;
  std::vector<Integers> labels_;
  std::vector<Gatherer> gatherers_;  // of each thread
};

class Bank {
 public:
  Bank(Shape image, int runs, int batch_size) : runs_(runs), batch_size_(batch_size) {
    for (int run = 0; run < runs; run += kWidth) parts_.push_back(std::make_unique<Part>(image, run, runs, batch_size));
  }
  Bank(const Bank&) = delete;
  Bank& operator=(const Bank&) = delete;

  int runs() const { return runs_; }
  int batch_size() const { return batch_size_; }
  int classes() const { return parts_.front()->network.output().channels; }

  // Adds a layer of a kind, with the settings of each run.
  void add(const std::string& kind, const std::vector<LayerSettings>& runs) {
    const auto found = kinds().find(kind);
    if (found == kinds().end()) throw std::invalid_argument("unknown layer kind");
    for (auto& part : parts_) {
      std::vector<const LayerSettings*> lanes;
      for (int lane = 0; lane < kWidth; ++lane) lanes.push_back(&runs[static_cast<size_t>(part->run(lane))]);
      found->second.add(part->network, LaneSettings(std::move(lanes)));
    }
  }

  // Begins the first or the second branch of a residual block; the kind "residual" ends both.
  void begin_branch(int number) {
    for (auto& part : parts_) part->network.begin_branch(number);
  }

  // Bytes of all values, gradients and packed weights.
  size_t memory() {
    size_t bytes = 0;
    for (auto& part : parts_) bytes += part->network.memory(part->capacity());
    return bytes;
  }

  // Ends the layers and chooses an optimizer, with the settings of each run.
  void finish(const std::string& kind, const std::vector<OptimizerSettings>& runs) {
    const auto found = optimizers().find(kind);
    if (found == optimizers().end()) throw std::invalid_argument("unknown optimizer");
    // All parts keep averages, or none: they are read and written together.
    const bool averages = std::any_of(runs.begin(), runs.end(), [](const auto& run) { return run.at("average_decay") > 0; });
    for (auto& part : parts_) {
      std::vector<const OptimizerSettings*> lanes;
      for (int lane = 0; lane < kWidth; ++lane) lanes.push_back(&runs[static_cast<size_t>(part->run(lane))]);
      part->finish(found->second, RunSettings(lanes), averages);
    }
    set_threads(1);
  }

  // How many threads train and score, from here on; not one bit depends on it.
  int threads() const { return crew_ ? crew_->count() : 0; }
  void set_threads(int threads) {
    threads = std::min(threads, batch_size_);
    if (threads == wanted_threads_) return;
    crew_ = std::make_unique<Crew>(wanted_threads_ = threads);
    for (auto& part : parts_) part->lay_out(crew_->count());
  }

  std::vector<Totals> train(const Epoch& epoch, int64_t first_step, int64_t steps) {
    std::vector<Totals> totals(static_cast<size_t>(runs_));
    crew_->run([&](const Thread& thread) {
      for (auto& part : parts_) part->train(epoch, first_step, steps, thread, totals.data());
    });
    return totals;
  }
  std::vector<Totals> score(const Pixels& pixels, const int32_t* labels, int64_t images, float* probabilities) {
    std::vector<Totals> totals(static_cast<size_t>(runs_));
    crew_->run([&](const Thread& thread) {
      for (auto& part : parts_) part->score_all(pixels, labels, images, probabilities, thread, totals.data());
    });
    return totals;
  }

  // Copies one kind of array out of the lanes, [run][value], or into them.
  template <typename Kind>
  void read(Kind kind, float* target) const {
    for (const auto& part : parts_) {
      const Storage& storage = kind(part->network);
      for (int lane = 0; lane < part->runs(); ++lane)
        for (size_t i = 0; i < storage.size(); ++i)
          target[static_cast<size_t>(part->first_run() + lane) * storage.size() + i] = storage.get()[i][lane];
    }
  }
  template <typename Kind>
  void write(Kind kind, const float* source) {
    for (auto& part : parts_) {
      Storage& storage = kind(part->network);
      for (int lane = 0; lane < kWidth; ++lane)
        for (size_t i = 0; i < storage.size(); ++i)
          storage.get()[i][lane] = source[static_cast<size_t>(part->run(lane)) * storage.size() + i];
    }
  }
  template <typename Kind>
  size_t count(Kind kind) const {
    return kind(parts_.front()->network).size();
  }

  int64_t steps() const { return parts_.front()->network.moments().steps; }
  void set_steps(int64_t steps) {
    for (auto& part : parts_) part->network.moments().steps = steps;
  }

 private:
  int runs_, batch_size_, wanted_threads_ = 0;
  std::vector<std::unique_ptr<Part>> parts_;
  std::unique_ptr<Crew> crew_;
};

}  // namespace ceteris
