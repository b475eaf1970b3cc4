// SPDX-License-Identifier: Apache-2.0
// Sweeps over the shapes of real models, for every row of the table.
#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/coordinator/expansion.h"
#include "services/coordinator/job_spec.h"
#include "tests/fakes/status_matchers.h"
#include "tests/unit/services/coordinator/catalogue_support.h"

namespace basisbench {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

v1::JobSpec ModelSpec(const std::string& preset, const std::string& op) {
  v1::JobSpec spec;
  spec.add_operators()->set_name(op);
  spec.mutable_model()->set_preset(preset);
  return spec;
}

absl::StatusOr<std::vector<ExpandedCase>> ExpandOf(v1::JobSpec spec) {
  if (const absl::Status complete = CompleteSpec(spec); !complete.ok()) return complete;
  return Expand(spec, SmallUnion(), Presets::Builtin(), 10'000);
}

class EveryPreset : public testing::TestWithParam<v1::PresetInfo> {};

TEST_P(EveryPreset, AChannelMixerGetsEachProjectionWithItsShape) {
  const v1::PresetInfo& preset = GetParam();
  v1::JobSpec spec = ModelSpec(preset.name(), "matmul");
  spec.mutable_model()->set_batch(3);
  spec.mutable_model()->set_sequence(128);
  const auto cases = ExpandOf(spec);
  ASSERT_THAT(cases, IsOk());
  std::map<std::string, v1::Case> by_site;
  for (const ExpandedCase& expanded : *cases) by_site[expanded.item.site()] = expanded.item;
  EXPECT_EQ(by_site.size(), static_cast<size_t>(preset.sites_size()) - 1) << "all but mix";
  for (const v1::SiteInfo& site : preset.sites()) {
    if (site.name() == "mix") continue;
    ASSERT_EQ(by_site.count(site.name()), 1u) << site.name();
    const v1::Case& item = by_site[site.name()];
    EXPECT_EQ(item.shape().tokens(), 3 * 128);
    EXPECT_EQ(item.shape().d_in(), site.d_in());
    EXPECT_EQ(item.shape().d_out(), site.d_out());
    EXPECT_EQ(item.preset(), preset.name());
    EXPECT_EQ(item.phase(), "prefill");
    EXPECT_EQ(item.calls_per_layer(), site.calls_per_layer());
    EXPECT_EQ(item.calls_per_model(), site.calls_per_model());
  }
}

TEST_P(EveryPreset, DecodingTakesOneTokenOfEachSequence) {
  v1::JobSpec spec = ModelSpec(GetParam().name(), "monarch");
  spec.mutable_model()->set_batch(5);
  spec.mutable_model()->set_phase("decode");
  const auto cases = ExpandOf(spec);
  ASSERT_THAT(cases, IsOk());
  ASSERT_FALSE(cases->empty());
  for (const ExpandedCase& expanded : *cases) EXPECT_EQ(expanded.item.shape().tokens(), 5);
  EXPECT_THAT(ExpandOf([&] {
                v1::JobSpec mixing = spec;
                mixing.mutable_operators(0)->set_name("fnet");
                return mixing;
              }()),
              Fails(kInvalid, "phase 'decode' has one token per sequence"));
}

TEST_P(EveryPreset, ATokenMixerIsAppliedOncePerSequence) {
  v1::JobSpec spec = ModelSpec(GetParam().name(), "fnet");
  spec.mutable_model()->set_batch(4);
  spec.mutable_model()->set_sequence(256);
  const auto cases = ExpandOf(spec);
  ASSERT_THAT(cases, IsOk());
  ASSERT_EQ(cases->size(), 2u);
  const v1::Case& dense = (*cases)[0].item;
  const v1::Case& mixer = (*cases)[1].item;
  EXPECT_EQ(mixer.site(), "mix");
  EXPECT_EQ(mixer.shape().tokens(), 256) << "the batch is not one long sequence";
  EXPECT_EQ(mixer.shape().d_in(), GetParam().hidden());
  EXPECT_EQ(mixer.calls_per_model(), 4.0 * static_cast<double>(GetParam().layers()));
  EXPECT_EQ(dense.shape().tokens(), GetParam().hidden());
  EXPECT_EQ(dense.shape().d_in(), 256);
  EXPECT_EQ(dense.shape().d_out(), 256);
  EXPECT_EQ(dense.calls_per_model(), mixer.calls_per_model());
}

std::string NameOf(const testing::TestParamInfo<v1::PresetInfo>& info) {
  std::string name = info.param.name();
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(Expand, EveryPreset, testing::ValuesIn(Presets::Builtin().all()), NameOf);

TEST(ExpandModel, OnlyTheSitesAskedFor) {
  v1::JobSpec spec = ModelSpec("llama-2-7b", "matmul");
  spec.mutable_model()->add_sites("down");
  spec.mutable_model()->add_sites("q");
  const auto cases = ExpandOf(spec);
  ASSERT_THAT(cases, IsOk());
  ASSERT_EQ(cases->size(), 2u);
  EXPECT_EQ((*cases)[0].item.site(), "q") << "in the order of the layer";
  EXPECT_EQ((*cases)[1].item.site(), "down");
}

TEST(ExpandModel, NamesTheFieldThatIsWrong) {
  EXPECT_THAT(
      ExpandOf(ModelSpec("gpt2-smal", "matmul")),
      Fails(kInvalid, "spec.model.preset: no preset 'gpt2-smal'; did you mean 'gpt2-small'?"));
  v1::JobSpec gate = ModelSpec("gpt2-small", "matmul");
  gate.mutable_model()->add_sites("gate");
  EXPECT_THAT(ExpandOf(gate),
              Fails(kInvalid, "spec.model.sites[0]: preset 'gpt2-small' has no site 'gate'"));
  v1::JobSpec nowhere = ModelSpec("gpt2-small", "fnet");
  nowhere.mutable_model()->add_sites("up");
  EXPECT_THAT(ExpandOf(nowhere), Fails(kInvalid,
                                       "spec.operators[0].name: operator 'fnet' mixes tokens, "
                                       "and none of spec.model.sites does"));
}

}  // namespace
}  // namespace basisbench
