// The layer kinds that there are kernels for, under the keys that open them in a study, with the settings that each
// kernel honours; whatever is not listed here is refused. A new kind is its own file and an entry in `kinds`.
#pragma once

#include <cmath>
#include <map>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "average_pool.hpp"
#include "network.hpp"

namespace ceteris {

using Setting = std::variant<int64_t, double, std::string>;
using LayerSettings = std::map<std::string, Setting>;

inline Activation activation_of(const std::string& name) {
  if (name == "none") return Activation::none;
  if (name == "relu") return Activation::relu;
  if (name == "leaky_relu") return Activation::leaky_relu;
  if (name == "tanh") return Activation::tanh;
  throw std::invalid_argument("unknown activation");
}

// What a layer is made with: the settings of the run in each lane. All lanes share those that are not per run.
class LaneSettings {
 public:
  explicit LaneSettings(std::vector<const LayerSettings*> lanes) : lanes_(std::move(lanes)) {}

  int whole(const char* name) const { return static_cast<int>(std::get<int64_t>(lanes_.front()->at(name))); }
  const std::string& text(const char* name) const { return std::get<std::string>(lanes_.front()->at(name)); }
  double number(const char* name, int lane) const {
    const Setting& setting = lanes_[static_cast<size_t>(lane)]->at(name);
    return std::holds_alternative<int64_t>(setting) ? static_cast<double>(std::get<int64_t>(setting)) : std::get<double>(setting);
  }
  Activation activation() const { return activation_of(text("activation")); }

  // The key of the run's random numbers, in two words.
  Key key() const {
    Key key{};
    for (int lane = 0; lane < kWidth; ++lane) {
      key.low[lane] = word("key_low", lane);
      key.high[lane] = word("key_high", lane);
    }
    return key;
  }

 private:
  uint32_t word(const char* name, int lane) const {
    return static_cast<uint32_t>(std::get<int64_t>(lanes_[static_cast<size_t>(lane)]->at(name)));
  }

  std::vector<const LayerSettings*> lanes_;
};

// What a kernel honours.
struct LayerKind {
  std::vector<std::string> settings;                        // by name
  std::vector<std::string> per_run;                         // those of them that may differ from run to run
  std::map<std::string, std::vector<std::string>> choices;  // of a setting with names for values, those it knows
  std::map<std::string, int> largest;                       // of a setting with an upper bound
  void (*add)(Network&, const LaneSettings&);
};

inline void add_dropout(Network& network, const LaneSettings& settings) {
  Words threshold{};
  Lanes scale{};
  for (int lane = 0; lane < kWidth; ++lane) {
    const double probability = settings.number("dropout", lane);
    threshold[lane] = static_cast<uint32_t>(std::nearbyint(probability * 4294967296.0));
    scale[lane] = static_cast<float>(1 / (1 - probability));
  }
  network.add(std::make_unique<Dropout>(network.output(), settings.key(), threshold, scale));
}

inline const std::map<std::string, LayerKind>& kinds() {
  static const std::vector<std::string> activations{"none", "relu", "leaky_relu", "tanh"};
  static const std::map<std::string, LayerKind> table{
      {"conv",
       {{"conv", "kernel", "padding", "activation"},
        {},
        {{"padding", {"none", "same"}}, {"activation", activations}},
        {},
        [](Network& network, const LaneSettings& settings) {
          network.add(std::make_unique<Convolution>(network.output(), settings.whole("conv"), settings.whole("kernel"),
                                                    settings.text("padding") == "same", settings.activation()));
        }}},
      {"max_pool",
       {{"max_pool"},
        {},
        {},
        {{"max_pool", MaxPool::kLargest}},
        [](Network& network, const LaneSettings& settings) { network.add_max_pool(settings.whole("max_pool")); }}},
      {"average_pool",
       {{"average_pool"},
        {},
        {},
        {},
        [](Network& network, const LaneSettings& settings) {
          network.add(std::make_unique<AveragePool>(network.output(), settings.whole("average_pool")));
        }}},
      {"batch_norm",
       {{"batch_norm"},
        {},
        {},
        {},
        [](Network& network, const LaneSettings&) { network.add(std::make_unique<BatchNorm>(network.output())); }}},
      {"dropout", {{"dropout"}, {"dropout"}, {}, {}, add_dropout}},
      {"dense",
       {{"dense", "activation"},
        {},
        {{"activation", activations}},
        {},
        [](Network& network, const LaneSettings& settings) { network.add_dense(settings.whole("dense"), settings.activation()); }}},
  };
  return table;
}

}  // namespace ceteris
