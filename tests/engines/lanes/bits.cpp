// Trains sixteen runs of small networks over every layer kind and optimizer, and prints a hash of all bits that come of each.
// Compiled for one instruction set at a time, without Python; builds with fused multiply-add must print the same, with any
// number of threads, which is the argument.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <future>

#include "bank.hpp"

using namespace ceteris;

namespace {

constexpr int kRuns = 16, kImages = 53, kClasses = 5, kBatch = 8, kEpochs = 4;
constexpr Shape kImage{13, 11, 3};

// Random words, the same in every build.
class Draws {
 public:
  explicit Draws(uint32_t stream) : key_{broadcast(stream), broadcast(0u)} {}
  uint32_t word() { return random_block(key_, next_++, 0, 0).word[0][0]; }
  int below(int bound) { return static_cast<int>(word() % static_cast<uint32_t>(bound)); }
  float weight() { return (static_cast<float>(word() >> 8) / 16777216.0f - 0.5f) * 0.5f; }

 private:
  Key key_;
  uint32_t next_ = 0;
};

// FNV-1a.
class Hash {
 public:
  template <typename Value>
  void add(const std::vector<Value>& values) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(values.data());
    for (size_t i = 0; i < values.size() * sizeof(Value); ++i) value_ = (value_ ^ bytes[i]) * 1099511628211u;
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 14695981039346656037u;
};

struct Pictures {
  std::vector<uint8_t> bytes;
  std::vector<int32_t> labels, order;
  std::vector<View> views;
};

Pictures draw_pictures() {
  Draws draws(1);
  Pictures images;
  for (size_t i = 0; i < kImages * kImage.values(); ++i) images.bytes.push_back(static_cast<uint8_t>(draws.below(256)));
  for (int i = 0; i < kImages; ++i) images.labels.push_back(draws.below(kClasses));
  for (int run = 0; run < kRuns; ++run)
    for (int i = 0; i < kImages; ++i) {
      images.order.push_back((i * 17 + run) % kImages);
      View view;
      view.mirrored = static_cast<int16_t>(draws.below(2));
      view.down = static_cast<int16_t>(draws.below(5) - 2);
      view.right = static_cast<int16_t>(draws.below(5) - 2);
      images.views.push_back(view);
    }
  return images;
}

struct Description {
  std::string kind;
  LayerSettings settings;
};

const std::vector<std::pair<std::string, std::vector<Description>>> kNetworks{
    {"plain",
     {{"conv", {{"conv", int64_t{7}}, {"kernel", int64_t{3}}, {"padding", "none"}, {"activation", "relu"}}},
      {"max_pool", {{"max_pool", int64_t{2}}}},
      {"conv", {{"conv", int64_t{9}}, {"kernel", int64_t{3}}, {"padding", "same"}, {"activation", "leaky_relu"}}},
      {"dropout", {{"dropout", 0.2}}},
      {"dense", {{"dense", int64_t{kClasses}}, {"activation", "none"}}}}},
    {"normalised",
     {{"conv", {{"conv", int64_t{6}}, {"kernel", int64_t{5}}, {"padding", "same"}, {"activation", "none"}}},
      {"batch_norm", {}},
      {"average_pool", {{"average_pool", int64_t{2}}}},
      {"dense", {{"dense", int64_t{20}}, {"activation", "tanh"}}},
      {"dropout", {{"dropout", 0.4}}},
      {"dense", {{"dense", int64_t{kClasses}}, {"activation", "none"}}}}},
    {"linear", {{"dense", {{"dense", int64_t{kClasses}}, {"activation", "none"}}}}},
};

Description convolution(int channels, int kernel, int stride, Setting padding, int groups, int bias, const char* activation) {
  return {"conv",
          {{"conv", int64_t{channels}},
           {"kernel", int64_t{kernel}},
           {"stride", int64_t{stride}},
           {"padding", padding},
           {"groups", int64_t{groups}},
           {"bias", int64_t{bias}},
           {"activation", activation},
           {"slope", 0.2}}};
}
Description branch(int number) { return {"branch", {{"branch", int64_t{number}}}}; }
Description block_end(const char* activation) { return {"residual", {{"activation", activation}}}; }
Description activation(const char* name) { return {"activation", {{"activation", name}}}; }
const Description kNorm{"batch_norm", {}}, kClassifier{"dense", {{"dense", int64_t{kClasses}}, {"activation", "none"}}};

// Trained with one optimizer.
const std::vector<std::pair<std::string, std::vector<Description>>> kLaterNetworks{
    {"strides",
     {convolution(6, 3, 2, "same", 1, 1, "relu"), convolution(9, 2, 3, int64_t{4}, 3, 0, "leaky_relu"),
      convolution(9, 3, 1, int64_t{1}, 9, 1, "none"), kClassifier}},
    {"windows",
     {convolution(6, 3, 1, "none", 1, 1, "relu"),
      {"max_pool", {{"max_pool", int64_t{3}}, {"stride", int64_t{2}}}},
      {"average_pool", {{"average_pool", int64_t{2}}, {"stride", int64_t{1}}}},
      {"global_average_pool", {}},
      kClassifier}},
    {"bent",
     {convolution(5, 3, 1, "same", 1, 1, "elu"), activation("sigmoid"), convolution(5, 3, 1, "none", 1, 1, "softplus"),
      convolution(5, 3, 1, "none", 1, 1, "gelu"), activation("silu"), activation("hard_swish"), kClassifier}},
    {"blocks",
     {convolution(6, 3, 1, "same", 1, 0, "none"),
      kNorm,
      activation("relu"),
      branch(0),
      convolution(6, 3, 1, "same", 1, 0, "none"),
      kNorm,
      activation("relu"),
      convolution(6, 3, 1, "same", 1, 1, "tanh"),
      branch(1),
      block_end("relu"),
      branch(0),
      convolution(8, 3, 2, "same", 1, 0, "none"),
      kNorm,
      branch(1),
      convolution(8, 1, 2, "none", 1, 0, "none"),
      kNorm,
      block_end("none"),
      branch(0),
      convolution(10, 3, 2, "same", 1, 1, "none"),
      branch(1),
      {"padded", {{"padded", int64_t{10}}, {"stride", int64_t{2}}}},
      block_end("gelu"),
      {"global_average_pool", {}},
      kClassifier}},
    {"many channels",
     {convolution(16, 3, 1, "same", 1, 0, "none"),
      kNorm,
      activation("relu"),
      branch(0),
      convolution(18, 3, 1, int64_t{2}, 1, 1, "relu"),
      convolution(16, 3, 1, "none", 1, 0, "none"),
      branch(1),
      block_end("relu"),
      {"max_pool", {{"max_pool", int64_t{2}}}},
      convolution(21, 3, 1, "same", 1, 1, "none"),
      {"global_average_pool", {}},
      kClassifier}},
};

int threads = 1;

struct Ways {
  bool looks_ahead = false, is_steadied = false, is_mirrored = false;
};

uint64_t train(const std::vector<Description>& layers, const std::string& optimizer, const Pictures& images, Ways ways) {
  const auto [looks_ahead, is_steadied, is_mirrored] = ways;
  Bank bank(kImage, kRuns, kBatch);
  for (size_t index = 0; index < layers.size(); ++index) {
    if (layers[index].kind == "branch") {
      bank.begin_branch(static_cast<int>(std::get<int64_t>(layers[index].settings.at("branch"))));
      continue;
    }
    std::vector<LayerSettings> lanes;
    for (int run = 0; run < kRuns; ++run) {
      LayerSettings own = layers[index].settings;
      own["key_low"] = int64_t{run};
      own["key_high"] = static_cast<int64_t>(index);
      lanes.push_back(own);
    }
    bank.add(layers[index].kind, lanes);
  }
  std::vector<OptimizerSettings> settings;
  for (int run = 0; run < kRuns; ++run) {
    const double decay = 1.0 / (1 + 1000 * run);
    const OptimizerSettings all{{"learning_rate", 0.001 * (run + 1)},
                                {"momentum", 0.9 * decay},
                                {"beta1", 0.9 * decay},
                                {"beta2", 0.999 * decay},
                                {"epsilon", 1e-8},
                                {"weight_decay", 0.0001 * (run % 2)},
                                {"alpha", 0.99 * decay},
                                {"initial_accumulator", 0.1 * (run % 3)},
                                {"nesterov", looks_ahead ? run % 2 : 0},
                                {"label_smoothing", is_steadied ? 0.1 * (run % 3) : 0},
                                {"clip_norm", is_steadied ? 0.2 * (run % 4) : 0},
                                {"average_decay", is_steadied ? 0.3 * (run % 3) : 0},
                                {"test_time_flip", is_mirrored ? run % 2 : 0}};
    OptimizerSettings own;
    for (const std::string& name : optimizers().at(optimizer).settings) own[name] = all.at(name);
    for (const std::string& name : kOtherSettings) own[name] = all.at(name);
    settings.push_back(own);
  }
  bank.finish(optimizer, settings);
  bank.set_threads(threads);

  const auto weights = [](Network& network) -> Storage& { return network.parameters(); };
  const auto statistics = [](Network& network) -> Storage& { return network.statistics(); };
  Draws draws(2);
  std::vector<float> start(kRuns * bank.count(weights)), state(kRuns * bank.count(statistics), 1.0f);
  for (float& value : start) value = draws.weight();
  bank.write(weights, start.data());
  bank.write(statistics, state.data());

  const std::vector<float> scale(3, 2.0f / 255), offset(3, -1.0f), nothing(3, 0.0f);
  const Pixels pixels{images.bytes.data(), kImage, scale.data(), offset.data()};
  const Pixels black{images.bytes.data(), kImage, nothing.data(), nothing.data()};
  const std::vector<double> factors(kRuns * ((kImages + kBatch - 1) / kBatch), 1.0);
  Hash hash;
  for (uint32_t epoch = 0; epoch < kEpochs; ++epoch) {
    // In the last two epochs first weights have no gradient, and their moments decay to where numbers are flushed to zero.
    const Epoch work{
        epoch < 2 ? pixels : black, images.labels.data(), images.order.data(), images.views.data(), factors.data(), kImages, epoch};
    for (const Totals& total : bank.train(work, 0, kImages)) hash.add(std::vector<double>{total.loss});
  }
  std::vector<float> probabilities(static_cast<size_t>(kRuns) * kImages * kClasses);
  for (const Totals& total : bank.score(pixels, images.labels.data(), kImages, probabilities.data()))
    hash.add(std::vector<int64_t>{total.correct});
  hash.add(probabilities);
  bank.read(statistics, state.data());
  hash.add(state);
  bank.read(weights, start.data());
  hash.add(start);
  for (const bool is_first : {true, false}) {
    bank.read([=](Network& network) -> Storage& { return is_first ? network.moments().first : network.moments().second; },
              start.data());
    hash.add(start);
  }
  if (!is_steadied) return hash.value();
  bank.read([](Network& network) -> Storage& { return network.averages(); }, start.data());
  hash.add(start);
  bank.read([](Network& network) -> Storage& { return network.averaged_statistics(); }, state.data());
  hash.add(state);
  return hash.value();
}

// A hash of images that are changed in every way, one for each run.
uint64_t see(const Pictures& images) {
  Draws draws(3);
  Gatherer gatherer(kImage);
  const Storage memory(kImage.values());
  Boundary room(kImage, 0, 1, true);
  room.place(memory.get());
  const std::vector<float> scale(3, 2.0f / 255), offset(3, -1.0f);
  Hash hash;
  for (int run = 0; run < kRuns; run += kWidth) {
    int64_t index[kWidth];
    View views[kWidth];
    for (int lane = 0; lane < kWidth; ++lane) {
      const auto within = [&](int largest) { return static_cast<int16_t>(draws.below(2 * largest + 1) - largest); };
      index[lane] = run + lane;
      views[lane] = {within(1), within(3), within(3), within(16384), within(16384),
                     within(9), within(9), within(9), within(8192),  4000};
    }
    gatherer.gather({images.bytes.data(), kImage, scale.data(), offset.data()}, index, views, room.image(0));
    for (int lane = 0; lane < kWidth; ++lane) {
      std::vector<float> values;
      for (size_t i = 0; i < kImage.values(); ++i) values.push_back(room.flat(0)[i][lane]);
      hash.add(values);
    }
  }
  return hash.value();
}

}  // namespace

int main(int argc, char** argv) {
  threads = argc > 1 ? std::atoi(argv[1]) : 1;
  const Pictures images = draw_pictures();
  // Each line by a thread of its own, since an emulated processor takes minutes for all of them.
  std::vector<std::pair<std::string, std::future<uint64_t>>> lines;
  const auto add = [&](const std::string& what, auto compute) {
    lines.emplace_back(what, std::async(std::launch::async, compute));
  };
  const auto add_trained = [&](const std::string& what, const auto& layers, const std::string& optimizer, Ways ways = {}) {
    add(what, [&, optimizer, ways] { return train(layers, optimizer, images, ways); });
  };
  for (const auto& [name, layers] : kNetworks)
    for (const auto& [optimizer, kind] : optimizers()) add_trained(name + " " + optimizer, layers, optimizer);
  add_trained("plain sgd, looking ahead", kNetworks.front().second, "sgd", {.looks_ahead = true});
  add("seen", [&] { return see(images); });
  for (const auto& [name, layers] : kLaterNetworks) add_trained(name + " adam", layers, "adam");
  for (const auto& [name, layers] : kNetworks)
    add_trained(name + " sgd, steadied", layers, "sgd", {.looks_ahead = true, .is_steadied = true});
  add_trained("normalised sgd, mirrored", kNetworks[1].second, "sgd", {.is_mirrored = true});
  for (auto& [what, hash] : lines) std::printf("%s: %016" PRIx64 "\n", what.c_str(), hash.get());
}
