// SPDX-License-Identifier: Apache-2.0
#include "reference/models/bert.hpp"
#include "reference/models/exact_model.hpp"
#include "reference/models/gated_model.hpp"
#include "reference/models/image_conv_net.hpp"
#include "reference/models/mlp.hpp"
#include "reference/models/model.hpp"
#include "reference/models/residual_net.hpp"
#include "reference/models/shuffle_net.hpp"
#include "reference/models/small_conv_net.hpp"
#include "reference/models/small_transformer.hpp"

namespace lockstep {
namespace {

template <class Kind, class... Sizes>
std::function<std::unique_ptr<Model>(const ModelOptions&)> maker(Sizes... sizes) {
  return
      [=](const ModelOptions& options) -> std::unique_ptr<Model> { return std::make_unique<Kind>(options, sizes...); };
}

const Shape kGreyImage{1, 28, 28}, kLargeImage{3, 224, 224};

}  // namespace

const std::vector<ModelDefinition>& model_definitions() {
  static const std::vector<ModelDefinition> definitions = {
      {.name = "exact",
       .description = "linear, relu, linear on small integers: every sum of a step is exact",
       .make = maker<ExactModel>(),
       .row_shape = {8},
       .target_shape = {4},
       .parameter_count = 212},
      {.name = "mlp",
       .description = "three linear layers with tanh and gelu",
       .make = maker<Mlp>(MlpSizes{}),
       .row_shape = {6},
       .target_shape = {3},
       .parameter_count = 155},
      {.name = "mlp_wide",
       .description = "the same at 512 features, where time goes into matrix products",
       .make = maker<Mlp>(MlpSizes{512, 512, 512, 512}),
       .row_shape = {512},
       .target_shape = {512},
       .parameter_count = 787968},
      {.name = "gated",
       .description = "one of two experts, chosen by the batch: a rank leaves the other's parameters unused",
       .make = maker<GatedModel>(),
       .row_shape = {8},
       .target_shape = {4},
       .parameter_count = 280},
      {.name = "conv",
       .description = "two convolutions with batch norm",
       .make = maker<SmallConvNet>(SmallConvNetSizes{}),
       .row_shape = {3, 5, 6},
       .classes = 3,
       .parameter_count = 333},
      {.name = "tfm",
       .description = "one transformer layer",
       .make = maker<SmallTransformer>(SmallTransformerSizes{}),
       .row_shape = {5, 8},
       .classes = 3,
       .parameter_count = 627},
      {.name = "image_conv_net",
       .description = "two convolutions with batch norm and pooling for 28x28 images",
       .make = maker<ImageConvNet>(),
       .row_shape = kGreyImage,
       .classes = 10,
       .parameter_count = 1442},
      {.name = "resnet18_tiny",
       .description = "ResNet-18 with an eighth of its channels for 28x28 images",
       .make = maker<ResidualNet>(ResidualNetSizes::resnet18_tiny()),
       .row_shape = kGreyImage,
       .classes = 10,
       .parameter_count = 176258},
      {.name = "resnet18",
       .description = "ResNet-18 at its published size",
       .make = maker<ResidualNet>(ResidualNetSizes::resnet18()),
       .row_shape = kLargeImage,
       .classes = 1000,
       .parameter_count = 11689512,
       .has_published_size = true},
      {.name = "resnet50_tiny",
       .description = "ResNet-50 with a sixteenth of its channels for 28x28 images",
       .make = maker<ResidualNet>(ResidualNetSizes::resnet50_tiny()),
       .row_shape = kGreyImage,
       .classes = 10,
       .parameter_count = 96230},
      {.name = "resnet50",
       .description = "ResNet-50 at its published size",
       .make = maker<ResidualNet>(ResidualNetSizes::resnet50()),
       .row_shape = kLargeImage,
       .classes = 1000,
       .parameter_count = 25557032,
       .has_published_size = true},
      {.name = "shufflenet_tiny",
       .description = "ShuffleNet v2 with a seventh of its channels for 28x28 images",
       .make = maker<ShuffleNet>(ShuffleNetSizes::tiny()),
       .row_shape = kGreyImage,
       .classes = 10,
       .parameter_count = 24154},
      {.name = "shufflenet",
       .description = "ShuffleNet v2 1x at its published size",
       .make = maker<ShuffleNet>(ShuffleNetSizes::published()),
       .row_shape = kLargeImage,
       .classes = 1000,
       .parameter_count = 2278604,
       .has_published_size = true},
      {.name = "bert_tiny",
       .description = "BERT with two layers of 16 features, a vocabulary of 32 and sequences of 8 tokens",
       .make = maker<Bert>(BertSizes::tiny()),
       .row_shape = {8},
       .classes = 3,
       .parameter_count = 7651,
       .vocabulary = BertSizes::tiny().vocab_size},
      {.name = "bert_base",
       .description = "BERT-base at its published size, sequences of 128 tokens, a linear classifier of two classes",
       .make = maker<Bert>(BertSizes::base()),
       .row_shape = {128},
       .classes = 2,
       .parameter_count = 109483778,
       .vocabulary = BertSizes::base().vocab_size,
       .has_published_size = true},
  };
  return definitions;
}

}  // namespace lockstep
