// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/presets.h"

#include <cmath>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr char kHeader[] =
    "name,params_b,layers,hidden,ffn,heads,kv_heads,head_dim,vocab,experts,experts_active,source\n";

const v1::SiteInfo* Site(const v1::PresetInfo& preset, const std::string& name) {
  for (const v1::SiteInfo& site : preset.sites()) {
    if (site.name() == name) return &site;
  }
  return nullptr;
}

// Weights of the projections of all layers, every expert counted, without the vocabulary.
double LayerWeights(const v1::PresetInfo& preset) {
  double weights = 0;
  for (const v1::SiteInfo& site : preset.sites()) {
    if (site.name() == "head" || site.name() == "mix") continue;
    const double copies = site.calls_per_layer() > 1 ? preset.experts() : 1;
    weights += copies * static_cast<double>(site.d_in()) * static_cast<double>(site.d_out());
  }
  return weights * static_cast<double>(preset.layers());
}

// What the published count may contain besides matrices of the sites: positions, biases, norms. The
// FNet models are small and have a pooler and an output transform; DeepSeek factors its attention
// through a latent space and has three dense layers, so that its row is an upper bound.
double Tolerance(const std::string& name) {
  if (absl::StartsWith(name, "fnet-")) return 0.025;
  if (absl::StartsWith(name, "deepseek-v3")) return 0.10;
  return 0.006;
}

class EveryRow : public testing::TestWithParam<v1::PresetInfo> {};

// The published number of parameters follows from the row: an error in any width, in the number of
// layers or in the sites derived from them shows here.
TEST_P(EveryRow, ItsSitesAddUpToThePublishedParameters) {
  const v1::PresetInfo& preset = GetParam();
  const double published = preset.parameters_billion() * 1e9;
  const double vocabulary =
      static_cast<double>(preset.vocab()) * static_cast<double>(preset.hidden());
  // Embedding and output share their weights in some families.
  const double tied = std::abs((LayerWeights(preset) + vocabulary) / published - 1);
  const double apart = std::abs((LayerWeights(preset) + 2 * vocabulary) / published - 1);
  EXPECT_LT(std::min(tied, apart), Tolerance(preset.name())) << preset.name();
}

TEST_P(EveryRow, ItsSitesChainThroughTheLayer) {
  const v1::PresetInfo& preset = GetParam();
  EXPECT_LE(preset.kv_heads(), preset.heads());
  EXPECT_EQ(preset.heads() % preset.kv_heads(), 0) << "query heads share key heads evenly";
  EXPECT_LE(preset.experts_active(), preset.experts());
  for (const char* name : {"up", "down", "head", "mix"})
    ASSERT_NE(Site(preset, name), nullptr) << name;
  EXPECT_EQ(Site(preset, "up")->d_out(), Site(preset, "down")->d_in());
  EXPECT_EQ(Site(preset, "down")->d_out(), preset.hidden());
  EXPECT_EQ(Site(preset, "head")->d_out(), preset.vocab());
  EXPECT_EQ(Site(preset, "head")->calls_per_model(), 1);
  EXPECT_EQ(Site(preset, "mix")->axis(), "token");
  EXPECT_EQ(Site(preset, "up")->calls_per_model(),
            static_cast<double>(preset.experts_active() * preset.layers()));
  if (const v1::SiteInfo* output = Site(preset, "o"); output != nullptr) {
    EXPECT_EQ(output->d_in(), Site(preset, "q")->d_out());
    EXPECT_EQ(output->d_out(), preset.hidden());
    EXPECT_EQ(Site(preset, "k")->d_out(), Site(preset, "v")->d_out());
  }
  EXPECT_FALSE(preset.source().empty());
}

std::string NameOf(const testing::TestParamInfo<v1::PresetInfo>& info) {
  std::string name = info.param.name();
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(Presets, EveryRow, testing::ValuesIn(Presets::Builtin().all()), NameOf);

TEST(Presets, FamiliesHaveTheSitesTheirLayersHave) {
  const auto has = [](const char* preset, const char* site) {
    return Site(**Presets::Builtin().Find(preset), site) != nullptr;
  };
  EXPECT_FALSE(has("gpt2-small", "gate"));
  EXPECT_TRUE(has("gpt2-small", "q"));
  EXPECT_FALSE(has("fnet-base", "q"));
  EXPECT_TRUE(has("llama-2-7b", "gate"));
}

TEST(Presets, AnUnknownNameIsAnsweredWithTheNearest) {
  EXPECT_THAT(
      Presets::Builtin().Find("lama-2-7b"),
      Fails(absl::StatusCode::kNotFound, "no preset 'lama-2-7b'; did you mean 'llama-2-7b'?"));
}

TEST(Presets, NamesTheLineAndColumnThatIsWrong) {
  const std::string good = "m,1,2,8,32,2,1,4,100,1,1,here\n";
  ASSERT_THAT(Presets::Parse(absl::StrCat(kHeader, good)), IsOk());
  ASSERT_THAT(Presets::Parse(absl::StrCat(kHeader, "\n\"m\",1,2,8,32,2,1,4,100,1,1,\"a, b\"\r\n")),
              IsOk());
  const std::map<std::string, std::string> rows = {
      {"", "the table has no rows"},
      {good + good, "line 3: 'm' is there twice"},
      {"m,1,2\n", "line 2: 3 columns instead of 12"},
      {",1,2,8,32,2,1,4,100,1,1,here\n", "line 2: name is empty"},
      {"m,-1,2,8,32,2,1,4,100,1,1,here\n", "line 2: params_b is '-1'"},
      {"m,nan,2,8,32,2,1,4,100,1,1,here\n", "line 2: params_b is 'nan'"},
      {"m,1,0,8,32,2,1,4,100,1,1,here\n", "line 2: layers is '0'"},
      {"m,1,2,8,x,2,1,4,100,1,1,here\n", "line 2: ffn is 'x'"},
      {"m,1,2,8,32,2,1,4,9999999999999,1,1,here\n", "line 2: vocab is '9999999999999'"},
      {"\"m,1,2,8,32,2,1,4,100,1,1,here\n", "line 2: quote is not closed"}};
  for (const auto& [row, message] : rows)
    EXPECT_THAT(Presets::Parse(absl::StrCat(kHeader, row)), Fails(kInvalid, message));
  EXPECT_THAT(Presets::Parse("name,layers\n" + good),
              Fails(kInvalid, "line 1 is not 'name,params_b"));
}

}  // namespace
}  // namespace basisbench
