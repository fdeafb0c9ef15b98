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
#include "padded.hpp"
#include "winograd.hpp"

namespace ceteris {

using Setting = std::variant<int64_t, double, std::string>;
using LayerSettings = std::map<std::string, Setting>;

inline Activation activation_of(const std::string& name) {
  if (name == "none") return Activation::none;
  if (name == "relu") return Activation::relu;
  if (name == "leaky_relu") return Activation::leaky_relu;
  if (name == "elu") return Activation::elu;
  if (name == "sigmoid") return Activation::sigmoid;
  if (name == "tanh") return Activation::tanh;
  if (name == "softplus") return Activation::softplus;
  if (name == "gelu") return Activation::gelu;
  if (name == "silu") return Activation::silu;
  if (name == "hard_swish") return Activation::hard_swish;
  throw std::invalid_argument("unknown activation");
}

// What a layer is made with: the settings of the run in each lane. All lanes share those that are not per run.
class LaneSettings {
 public:
  explicit LaneSettings(std::vector<const LayerSettings*> lanes) : lanes_(std::move(lanes)) {}

  bool has(const char* name) const { return lanes_.front()->count(name) > 0; }
  int whole(const char* name) const { return static_cast<int>(std::get<int64_t>(lanes_.front()->at(name))); }
  // The same, or what is usual where nothing is said.
  int whole(const char* name, int usual) const {
    return has(name) && std::holds_alternative<int64_t>(lanes_.front()->at(name)) ? whole(name) : usual;
  }
  const std::string& text(const char* name) const { return std::get<std::string>(lanes_.front()->at(name)); }
  double number(const char* name, int lane) const {
    const Setting& setting = lanes_[static_cast<size_t>(lane)]->at(name);
    return std::holds_alternative<int64_t>(setting) ? static_cast<double>(std::get<int64_t>(setting)) : std::get<double>(setting);
  }
  Bend bend() const {
    Bend bend{activation_of(text("activation")), broadcast(0.01f)};
    for (int lane = 0; has("slope") && lane < kWidth; ++lane) bend.slope[lane] = static_cast<float>(number("slope", lane));
    return bend;
  }
  // The zeros on each side of the image of a convolution.
  int margin() const {
    const Setting& padding = lanes_.front()->at("padding");
    if (std::holds_alternative<int64_t>(padding)) return static_cast<int>(std::get<int64_t>(padding));
    return std::get<std::string>(padding) == "same" ? whole("kernel") / 2 : 0;
  }

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

// Adds a layer that makes an activation itself, or one right after it where the slope follows from what goes into that.
template <typename Add>
void add_bent(Network& network, Bend bend, Add add) {
  add(follows_from_output(bend.kind) ? bend : Bend{});
  if (!follows_from_output(bend.kind)) network.add_activation(bend);
}

inline void add_convolution(Network& network, const LaneSettings& settings) {
  const Geometry geometry{settings.whole("kernel"), settings.whole("stride", 1), settings.margin(), settings.whole("groups", 1)};
  const Shape input = network.output();
  const int channels = settings.whole("conv");
  const bool has_bias = settings.whole("bias", 1) != 0;
  add_bent(network, settings.bend(), [&](Bend bend) {
    switch (square_size(input, channels, geometry)) {
      case 2:
        return network.add(std::make_unique<WinogradConvolution<Filter<2>>>(input, channels, geometry.margin, has_bias, bend));
      case 4:
        return network.add(std::make_unique<WinogradConvolution<Filter<4>>>(input, channels, geometry.margin, has_bias, bend));
      default:
        return network.add(std::make_unique<Convolution>(input, channels, geometry, has_bias, bend));
    }
  });
}

inline void add_dense(Network& network, const LaneSettings& settings) {
  add_bent(network, settings.bend(), [&](Bend bend) { network.add_dense(settings.whole("dense"), bend); });
}

inline void add_average_pool(Network& network, const LaneSettings& settings) {
  const int size = settings.whole("average_pool");
  network.add(std::make_unique<AveragePool>(network.output(), Window{size, size, settings.whole("stride", size)}));
}

inline const std::map<std::string, LayerKind>& kinds() {
  static const std::vector<std::string> activations{"none", "relu",     "leaky_relu", "elu",  "sigmoid",
                                                    "tanh", "softplus", "gelu",       "silu", "hard_swish"};
  static const std::map<std::string, LayerKind> table{
      {"conv",
       {{"conv", "kernel", "stride", "padding", "groups", "bias", "activation", "slope"},
        {"slope"},
        {{"padding", {"none", "same"}}, {"activation", activations}},
        {},
        add_convolution}},
      {"max_pool",
       {{"max_pool", "stride"},
        {},
        {},
        {{"max_pool", MaxPool::kLargest}},
        [](Network& network, const LaneSettings& settings) {
          const int size = settings.whole("max_pool");
          network.add_max_pool(size, settings.whole("stride", size));
        }}},
      {"average_pool", {{"average_pool", "stride"}, {}, {}, {}, add_average_pool}},
      {"global_average_pool",
       {{"global_average_pool"},
        {},
        {},
        {},
        [](Network& network, const LaneSettings&) {
          const Shape shape = network.output();
          network.add(std::make_unique<AveragePool>(shape, Window{shape.height, shape.width, 1}));
        }}},
      {"padded",
       {{"padded", "stride"},
        {},
        {},
        {},
        [](Network& network, const LaneSettings& settings) {
          network.add(std::make_unique<Padded>(network.output(), settings.whole("padded"), settings.whole("stride")));
        }}},
      // Ends a block; its branches are added before, each by itself (`Network::begin_branch`).
      {"residual",
       {{"residual", "shortcut", "activation", "slope"},
        {"slope"},
        {{"shortcut", {"identity", "padded", "projection"}}, {"activation", activations}},
        {},
        [](Network& network, const LaneSettings& settings) {
          add_bent(network, settings.bend(), [&](Bend bend) { network.close_block(bend); });
        }}},
      {"batch_norm",
       {{"batch_norm"},
        {},
        {},
        {},
        [](Network& network, const LaneSettings&) { network.add(std::make_unique<BatchNorm>(network.output())); }}},
      {"dropout", {{"dropout"}, {"dropout"}, {}, {}, add_dropout}},
      {"activation",
       {{"activation", "slope"},
        {"slope"},
        {{"activation", activations}},
        {},
        [](Network& network, const LaneSettings& settings) { network.add_activation(settings.bend()); }}},
      {"dense", {{"dense", "activation", "slope"}, {"slope"}, {{"activation", activations}}, {}, add_dense}},
  };
  return table;
}

}  // namespace ceteris
