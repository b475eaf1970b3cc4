// SPDX-License-Identifier: Apache-2.0
#include "services/cli/spec_file.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/proto_json.h"

namespace basisbench {
namespace {

using ::testing::HasSubstr;

std::string MessageOf(const std::string& text) {
  const auto spec = ParseSpec("f.yaml", text);
  EXPECT_FALSE(spec.ok()) << text.substr(0, 80);
  return std::string(spec.status().message());
}

TEST(SpecFile, ReadsShortNotationsFromYamlAndJsonAlike) {
  const auto yaml = ParseSpec("f.yaml",
                              "operators: [matmul, 'monarch{blocks=32}']\n"
                              "shapes: 512x768x3072\n"
                              "ranks: [1, 2]\n"
                              "labels: {team: 7}\n"
                              "measurement: {min_time: 500ms, max_time: 100000.5}\n");
  ASSERT_TRUE(yaml.ok()) << yaml.status();
  const auto json = ParseSpec("f.json", R"({
      "operators": [{"name": "matmul"}, {"name": "monarch", "parameters": {"blocks": "32"}}],
      "shapes": [{"tokens": 512, "d_in": "768", "dOut": 3072}],
      "ranks": [1, 2], "labels": {"team": "7"},
      "measurement": {"min_time": "0.5s", "max_time": "100000.5s"}})");
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ(ToJson(*yaml, Defaults::kDrop), ToJson(*json, Defaults::kDrop));
  EXPECT_EQ(yaml->operators(1).parameters().at("blocks"), "32");
  EXPECT_EQ(yaml->shapes(0).d_out(), 3072);
  EXPECT_EQ(yaml->measurement().max_time().seconds(), 100000);
  EXPECT_EQ(yaml->measurement().max_time().nanos(), 500'000'000);
}

TEST(SpecFile, NamesTheLineTheFieldAndWhatWasMeant) {
  const struct {
    const char* text;
    const char* says;
  } cases[] = {
      {"name: a\nopertors: [matmul]\n", "f.yaml:2: no field 'opertors' in JobSpec; did you mean "},
      {"shapes:\n  - {tokens: 1, din: 2}\n", "f.yaml:2: no field 'din' in Shape"},
      {"measurement:\n  zzzz: 1\n", "no field 'zzzz' in MeasurementOptions; have: min_samples"},
      {"ranks: [two]\n", "f.yaml:1: 'ranks' must be a whole number, not two"},
      {"ranks: [1.5]\n", "'ranks' must be a whole number"},
      {"priority: 99999999999\n", "f.yaml"},
      {"shapes: [12y4]\n", "'12y4' is not a shape"},
      {"shapes: [0x4]\n", "'0x4' is not a shape"},
      {"operators: ['m{a=1,a=2}']\n", "gives parameter 'a' twice"},
      {"operators: ['m{a=1']\n", "is not an operator"},
      {"measurement: {min_time: -1s}\n", "is not a duration"},
      {"name: a\nname: b\n", "'name' is given twice"},
      {"operators:\n", "'operators' has no value"},
      {"no_baseline: maybe\n", "must be true or false"},
      {"- a\n- b\n", "expected fields of a JobSpec"},
      {"a: [\n", "not YAML"},
      {"{\"name\": }", "not JSON"},
      {"   \n", "empty"},
      {"name: a\n---\nname: b\n", "2 documents"}};
  for (const auto& c : cases) EXPECT_THAT(MessageOf(c.text), HasSubstr(c.says)) << c.text;
}

TEST(SpecFile, EndsAbuseEarly) {
  EXPECT_THAT(MessageOf(std::string((1 << 20) + 1, 'a')), HasSubstr("at most 1048576"));
  EXPECT_THAT(MessageOf(std::string(5000, '[')), HasSubstr("nested deeper"));
  std::string sequences;
  for (int i = 0; i < 5000; ++i) sequences += "- ";
  EXPECT_FALSE(ParseSpec("f", sequences + "a").ok());
  // Each level refers to the one above nine times: 9^8 values from 400 bytes.
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string above = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + above;
    for (int k = 0; k < 8; ++k) bomb += "," + above;
    bomb += "]\n";
  }
  EXPECT_THAT(MessageOf(bomb), HasSubstr("more than 100000 values"));
}

TEST(SpecFile, SurvivesEveryPrefixAndFlippedByteOfAGoodFile) {
  const std::string good =
      "operators: [matmul, 'monarch{blocks=32}']\nmodel: {preset: gpt2-small, sites: [q, up]}\n";
  ASSERT_TRUE(ParseSpec("f", good).ok());
  int accepted = 0;
  for (size_t i = 0; i < good.size(); ++i) {
    accepted += ParseSpec("f", good.substr(0, i)).ok();
    std::string flipped = good;
    flipped[i] = static_cast<char>(flipped[i] ^ 0xA5);
    accepted += ParseSpec("f", flipped).ok();
  }
  EXPECT_LT(accepted, static_cast<int>(good.size()));
}

}  // namespace
}  // namespace basisbench
