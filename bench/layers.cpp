// Where the time of training goes: for each layer of a network, the processor time of its forward pass, its backward pass and
// its sums over the minibatch, and for convolutions the share of what one core can do at most: more than all of it where Winograd's
// filtering does with fewer multiplications. Sixteen runs, random images.
//
//   make layers, or build/layers residual|resnet20|baseline BATCH STEPS
//
// With numbers of threads behind it, only how long a minibatch takes with each of them, in turn, step by step, and how much
// processor time.
#include <algorithm>
#include <array>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>
#define private public  // to put a clock around the layers of a network that is built
#include "bank.hpp"
#include "winograd.hpp"
#undef private

using namespace ceteris;

namespace {

double seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Times {
  double forward = 0, backward = 0, sums = 0, around = 0;
};

// A layer with a clock around it.
class Timed : public Layer {
 public:
  explicit Timed(std::unique_ptr<Layer> layer) : Layer(layer->input(), layer->output()), layer_(std::move(layer)) {}

  bool takes_many_images() const override { return layer_->takes_many_images(); }
  bool measures() const override { return layer_->measures(); }
  int images_at_once() const override { return layer_->images_at_once(); }
  bool can_add() const override { return layer_->can_add(); }
  bool is_cheap() const override { return layer_->is_cheap(); }
  bool changes_gradient() const override { return layer_->changes_gradient(); }
  bool reads_input() const override { return layer_->reads_input(); }
  bool reads_output() const override { return layer_->reads_output(); }
  int input_border() const override { return layer_->input_border(); }
  int gradient_border() const override { return layer_->gradient_border(); }
  size_t parameter_count() const override { return layer_->parameter_count(); }
  size_t statistics_count() const override { return layer_->statistics_count(); }
  void bind(Parameters parameters, Lanes* statistics) override { layer_->bind(parameters, statistics); }
  bool goes_back_together() const override { return layer_->goes_back_together(); }
  void reserve(int images, int threads, bool wants) override { layer_->reserve(images, threads, wants); }
  size_t reserved(int images) const override { return layer_->reserved(images); }
  void begin(const Step& step) override {
    clocked(times.around, [&] { layer_->begin(step); });
  }
  void end(const Thread& thread) override {
    clocked(times.around, [&] { layer_->end(thread); });
  }
  void gather(Images images, const Boundary& in) override {
    clocked(times.sums, [&] { layer_->gather(images, in); });
  }
  void measure(const Thread& thread, Images images, const Boundary& in) override {
    clocked(times.sums, [&] { layer_->measure(thread, images, in); });
  }
  void collect(Images images, const Boundary& in, const Boundary& gradient) override {
    clocked(times.sums, [&] { layer_->collect(images, in, gradient); });
  }
  void settle(const Thread& thread, Images images) override {
    clocked(times.sums, [&] { layer_->settle(thread, images); });
  }
  void forward(const Step& step, Images images, const Boundary& in, const Boundary& out) override {
    clocked(times.forward, [&] { layer_->forward(step, images, in, out); });
  }
  void backward(const Step& step, Images images, const Boundary& in, const Boundary& out, const Boundary& out_gradient,
                const Boundary& in_gradient) override {
    clocked(times.backward, [&] { layer_->backward(step, images, in, out, out_gradient, in_gradient); });
  }

  Times times;
  std::unique_ptr<Layer> layer_;

 private:
  template <typename Body>
  void clocked(double& total, Body body) {
    const double begin = seconds();
    body();
    total += seconds() - begin;
  }
};

constexpr int kRuns = 16, kClasses = 10;
constexpr Shape kImage{32, 32, 3};

struct Builder {
  Bank& bank;
  void add(const std::string& kind, const LayerSettings& settings) {
    std::vector<LayerSettings> lanes;
    for (int run = 0; run < kRuns; ++run) {
      lanes.push_back(settings);
      lanes.back()["key_low"] = int64_t{run};
      lanes.back()["key_high"] = int64_t{1};
    }
    bank.add(kind, lanes);
  }
  void conv(int channels, int kernel, int stride, const char* activation = "none", bool bias = false,
            const char* padding = "same") {
    add("conv", {{"conv", int64_t{channels}},
                 {"kernel", int64_t{kernel}},
                 {"stride", int64_t{stride}},
                 {"padding", padding},
                 {"bias", int64_t{bias}},
                 {"activation", activation}});
  }
  void norm() { add("batch_norm", {}); }
  void relu() { add("activation", {{"activation", "relu"}}); }
  void block(int channels, int stride) {
    bank.begin_branch(0);
    conv(channels, 3, stride), norm(), relu(), conv(channels, 3, 1), norm();
    bank.begin_branch(1);
    if (stride > 1) add("padded", {{"padded", int64_t{channels}}, {"stride", int64_t{stride}}});
    add("residual", {{"activation", "relu"}});
  }
  void pooled(int channels) { conv(channels, 3, 1), add("max_pool", {{"max_pool", int64_t{2}}}), norm(), relu(); }
  void head() {
    add("global_average_pool", {});
    add("dense", {{"dense", int64_t{kClasses}}, {"activation", "none"}});
  }
};

void build(Bank& bank, const std::string& name) {
  Builder builder{bank};
  if (name == "baseline") {
    builder.conv(7, 3, 1, "relu", true, "none");
    builder.conv(9, 3, 1, "relu", true, "none");
    builder.add("max_pool", {{"max_pool", int64_t{2}}});
    builder.add("dropout", {{"dropout", 0.2}});
    builder.add("dense", {{"dense", int64_t{kClasses}}, {"activation", "none"}});
    return;
  }
  if (name == "residual") {
    builder.conv(24, 3, 1), builder.norm(), builder.relu();
    builder.pooled(48), builder.block(48, 1), builder.pooled(96), builder.pooled(192), builder.block(192, 1);
  } else {
    builder.conv(16, 3, 1), builder.norm(), builder.relu();
    for (int channels : {16, 32, 64})
      for (int block = 0; block < 3; ++block) builder.block(channels, channels > 16 && block == 0 ? 2 : 1);
  }
  builder.head();
}

// Multiply-adds a second that a core does at most, over about two milliseconds: twelve chains, each of which hides its latency
// behind the others. Asked for again and again while the layers are measured, because what others do to the clock changes.
struct Peak {
  double links = 0, time = 0;
  void ask() {
    constexpr int kChains = 12, kLinks = 1000000;
    Lanes chain[kChains];
    each<kChains>([&](auto i) { chain[i] = broadcast(1.0f + static_cast<float>(i)); });
    const Lanes factor = held(broadcast(0.999f)), term = held(broadcast(0.001f));
    const double start = seconds();
    for (int link = 0; link < kLinks; ++link) each<kChains>([&](auto i) { chain[i] = held(multiply_add(chain[i], factor, term)); });
    time += seconds() - start;
    links += kChains * double{kLinks};
    Lanes sum{};
    each<kChains>([&](auto i) { sum += chain[i]; });
    volatile float kept = sum[0];
    static_cast<void>(kept);
  }
  double rate() const { return links / time; }
};

uint32_t draw = 1;
float uniform() { return static_cast<float>((draw = draw * 1664525u + 1013904223u) >> 8) / 16777216.0f; }

// Ends the layers, and gives them weights.
void finish(Bank& bank, const std::string& name) {
  const OptimizerSettings settings{{"learning_rate", 0.01}, {"weight_decay", 0.0005}, {"momentum", 0.9},
                                   {"nesterov", 0.0},       {"beta1", 0.9},           {"beta2", 0.999},
                                   {"epsilon", 1e-8},       {"label_smoothing", 0.0}, {"clip_norm", 0.0},
                                   {"average_decay", 0.0},  {"test_time_flip", 0.0}};
  bank.finish(name == "baseline" ? "adam" : "sgd", std::vector<OptimizerSettings>(kRuns, settings));
  const auto weights = [](Network& network) -> Storage& { return network.parameters(); };
  const auto statistics = [](Network& network) -> Storage& { return network.statistics(); };
  std::vector<float> start(kRuns * bank.count(weights)), state(kRuns * bank.count(statistics), 1.0f);
  draw = 1;
  for (float& value : start) value = (uniform() - 0.4f) * 0.1f;
  bank.write(weights, start.data());
  bank.write(statistics, state.data());
}

// The side of the squares of a convolution that filters minimally; 0 of other layers.
int filtered(const Layer* layer) {
  if (dynamic_cast<const WinogradConvolution<Filter<2>>*>(layer)) return 2;
  return dynamic_cast<const WinogradConvolution<Filter<4>>*>(layer) ? 4 : 0;
}

double process_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// Trains with each number of threads in turn, minibatch by minibatch.
void compare(const std::string& name, int batch, int steps, const std::vector<int>& threads, const Epoch& epoch) {
  std::vector<std::unique_ptr<Bank>> banks;
  std::vector<std::vector<double>> walls(threads.size()), works(threads.size());
  for (int count : threads) {
    banks.push_back(std::make_unique<Bank>(kImage, kRuns, batch));
    build(*banks.back(), name);
    finish(*banks.back(), name);
    banks.back()->set_threads(count);
    banks.back()->train(epoch, 0, 1);
  }
  for (int step = 0; step < steps; ++step)
    for (size_t i = 0; i < threads.size(); ++i) {
      const auto begin = std::chrono::steady_clock::now();
      const double worked = process_seconds();
      banks[i]->train(epoch, step, 1);
      works[i].push_back(process_seconds() - worked);
      walls[i].push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
  for (size_t i = 0; i < threads.size(); ++i) {
    for (auto* times : {&walls[i], &works[i]}) std::sort(times->begin(), times->end());
    const auto of = [&](const std::vector<double>& times, size_t place) { return 1e3 * times[place] / batch; };
    const size_t middle = static_cast<size_t>(steps) / 2;
    std::printf("%s, batch %d, threads %d: ms an image, fastest %.3f, median %.3f; of the processor %.3f, %.3f\n", name.c_str(),
                batch, threads[i], of(walls[i], 0), of(walls[i], middle), of(works[i], 0), of(works[i], middle));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "residual";
  const int batch = argc > 2 ? std::atoi(argv[2]) : 128, steps = argc > 3 ? std::atoi(argv[3]) : 3;
  const int images = batch * steps;
  std::vector<uint8_t> bytes(static_cast<size_t>(images) * kImage.values());
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(255 * uniform());
  std::vector<int32_t> labels(static_cast<size_t>(images)), order;
  for (int32_t& label : labels) label = static_cast<int32_t>(10 * uniform());
  for (int run = 0; run < kRuns; ++run)
    for (int i = 0; i < images; ++i) order.push_back((i * 17 + run) % images);
  const std::vector<float> scale(3, 2.0f / 255), offset(3, -1.0f);
  const std::vector<double> factors(static_cast<size_t>(kRuns * steps), 1.0);
  const Pixels pixels{bytes.data(), kImage, scale.data(), offset.data()};
  const Epoch epoch{pixels, labels.data(), order.data(), nullptr, factors.data(), images, 0};
  std::vector<int> threads;
  for (int i = 4; i < argc; ++i) threads.push_back(std::atoi(argv[i]));
  if (!threads.empty()) {
    compare(name, batch, steps, threads, epoch);
    return 0;
  }

  Bank bank(kImage, kRuns, batch);
  build(bank, name);
  Part& part = *bank.parts_.front();
  std::vector<Timed*> timed;
  for (Node& node : part.network.nodes_) {
    auto layer = std::make_unique<Timed>(std::move(node.layer));
    timed.push_back(layer.get());
    node.layer = std::move(layer);
  }
  finish(bank, name);
  bank.train(epoch, 0, 1);
  for (Timed* layer : timed) layer->times = {};
  Peak peak;
  double all = 0;
  for (int step = 0; step < steps; ++step) {
    peak.ask();
    const double begin = seconds();
    bank.train(epoch, step, 1);
    all += seconds() - begin;
    peak.ask();
  }
  const double best = peak.rate(), each_image = 1e6 / images;
  std::printf("%s, batch %d: %.0f images x models per second, %.3f ms an image; peak %.1f GFLOP/s\n", name.c_str(), batch,
              images * kRuns / all, 1e3 * all / images, 2e-9 * kWidth * best);
  std::printf("%-34s %9s %6s %9s %6s %9s %9s\n", "layer, microseconds an image", "forward", "share", "backward", "share", "sums",
              "around");
  Times total;
  double multiplications = 0;
  for (size_t n = 0; n < timed.size(); ++n) {
    const Timed& layer = *timed[n];
    const Times& t = layer.times;
    const auto* convolution = dynamic_cast<const Convolution*>(layer.layer_.get());
    const auto* dense = dynamic_cast<const Dense*>(layer.layer_.get());
    const Shape in = layer.input(), out = layer.output();
    double own = 0;
    std::string what = part.network.nodes_[n].join ? "join" : layer.measures() ? "batch norm" : "other";
    if (convolution) {
      const int k = convolution->geometry_.kernel;
      own = static_cast<double>(out.values()) * in.channels * k * k / convolution->geometry_.groups;
      what = "conv " + std::to_string(k) + "x" + std::to_string(k) + "/" + std::to_string(convolution->geometry_.stride);
    } else if (const int side = filtered(layer.layer_.get())) {
      own = static_cast<double>(out.values()) * in.channels * 9;
      what = "filtered " + std::to_string(side);
    } else if (dense) {
      own = static_cast<double>(in.values()) * out.channels;
      what = "dense";
    }
    const bool first = n == 0;
    char label[64];
    std::snprintf(label, sizeof label, "%-11s %dx%dx%d > %dx%dx%d", what.c_str(), in.height, in.width, in.channels, out.height,
                  out.width, out.channels);
    const double lanes = own * (16.0 / kWidth);
    multiplications += lanes * (first ? 2 : 3);
    std::printf("%-34s %9.1f %5.0f%% %9.1f %5.0f%% %9.1f %9.1f\n", label, t.forward * each_image,
                own > 0 ? 100 * lanes * images / best / t.forward : 0.0, t.backward * each_image,
                own > 0 ? 100 * lanes * (first ? 1 : 2) * images / best / t.backward : 0.0, t.sums * each_image,
                t.around * each_image);
    total.forward += t.forward, total.backward += t.backward, total.sums += t.sums, total.around += t.around;
  }
  std::printf("%-34s %9.1f %6s %9.1f %6s %9.1f %9.1f\n", "all", total.forward * each_image, "", total.backward * each_image, "",
              total.sums * each_image, total.around * each_image);
  std::printf("besides (images, joins, loss, optimizer) %.1f; share of peak of all %.1f%%\n",
              (all - total.forward - total.backward - total.sums - total.around) * each_image,
              100 * multiplications * images / best / all);
}
