// SPDX-License-Identifier: Apache-2.0
#include "services/cli/printer.h"

#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "services/cli/text.h"
#include "services/cli/units.h"
#include "services/cli/yaml_text.h"

namespace basisbench {
namespace {

Table Sample() {
  return {.columns = {{"name"},
                      {"size_bytes", Audience::kAll, true, "SIZE"},
                      {"note", Audience::kWide},
                      {"raw", Audience::kMachine}},
          .rows = {{{Json("a"), Cell(Json(1024), "1 KiB"), Json("x, \"y\""), Json(1.5)}, ""},
                   {{Json("µβ"), Cell(), Json(nullptr), Json(nullptr)}, ""},
                   {{Json("語"), Cell(Json(3), "3 B"), Json("\033[31m"), Json(false)}, ""}},
          .empty = ""};
}

std::string Printed(Format format, bool headers = true) {
  std::ostringstream out;
  PrintTable(Sample(), {.format = format, .headers = headers}, out);
  return out.str();
}

TEST(Printer, AlignsByDisplayWidthAndShowsWhatIsMissing) {
  EXPECT_EQ(Printed(Format::kTable),
            "NAME   SIZE\n"
            "a     1 KiB\n"
            "µβ        -\n"
            "語      3 B\n");
  EXPECT_EQ(Printed(Format::kWide, false),
            "a   1 KiB  x, \"y\"\n"
            "µβ      -  -\n"
            "語    3 B  ?[31m\n");
}

TEST(Printer, WritesMachineFormatsInBaseUnits) {
  EXPECT_EQ(Printed(Format::kCsv),
            "name,size_bytes,note,raw\r\n"
            "a,1024,\"x, \"\"y\"\"\",1.5\r\n"
            "µβ,,,\r\n"
            "語,3,\033[31m,false\r\n");
  EXPECT_EQ(Printed(Format::kName), "a\nµβ\n語\n");
  EXPECT_EQ(Printed(Format::kJsonl).substr(0, 66),
            R"({"name":"a","size_bytes":1024,"note":"x, \"y\"","raw":1.5})"
            "\n{\"name\"");
  const Json parsed = Json::parse(Printed(Format::kJson));
  ASSERT_EQ(parsed.size(), 3u);
  EXPECT_TRUE(parsed[1]["size_bytes"].is_null());
  EXPECT_EQ(Printed(Format::kYaml).substr(0, 26), "- name: a\n  size_bytes: 10");
}

TEST(Printer, QuotesWhatYamlWouldTakeForSomethingElse) {
  EXPECT_EQ(YamlText({{"a", "no"}, {"b", "1.5"}, {"c", "x: y"}, {"d", Json::array()}}),
            "a: \"no\"\nb: \"1.5\"\nc: \"x: y\"\nd: []\n");
}

TEST(Printer, NamesTheKnownFormats) {
  const auto format = ParseFormat("jsn");
  EXPECT_EQ(std::string(format.status().message()),
            "no output format 'jsn'; have: table, wide, json, yaml, csv, jsonl, name; did you mean "
            "'json'?");
}

TEST(Text, MeasuresColumnsAndDisarmsControlCharacters) {
  EXPECT_EQ(DisplayWidth("e\u0301"), 1);
  EXPECT_EQ(DisplayWidth("語"), 2);
  EXPECT_EQ(DisplayWidth("\xff\xfe"), 2);
  EXPECT_EQ(Printable("a\n\033]0;x\a\xe2\x80\xae"), "a ?]0;x??");
}

TEST(Units, KeepThreeDigits) {
  const struct {
    std::string is;
    const char* wanted;
  } cases[] = {{HumanSeconds(0.00123456), "1.23 ms"},
               {HumanSeconds(0.9999), "1.00 s"},
               {HumanSeconds(2e-10), "0.20 ns"},
               {HumanFlopRate(61.24e9), "61.2 GFLOP/s"},
               {HumanFlopRate(999.9e9), "1.00 TFLOP/s"},
               {HumanBytes(0), "0 B"},
               {HumanBytes(1023), "1023 B"},
               {HumanBytes(4.5 * 1024 * 1024), "4.50 MiB"},
               {HumanByteRate(11.8 * 1024 * 1024 * 1024), "11.8 GiB/s"},
               {HumanPercent(0.7813), "78.1 %"},
               {HumanRatio(2.314), "2.31x"},
               {HumanJoules(0.00042), "420 µJ"},
               {HumanError(1.23e-7), "1.2e-07"},
               {HumanInterval(0.00123, 0.00122, 0.00125), "1.23 ms [1.22, 1.25]"},
               {HumanEta(41.4), "0:41"},
               {HumanEta(3723), "1:02:03"},
               {HumanEta(-5), "0:00"}};
  for (const auto& c : cases) EXPECT_EQ(c.is, c.wanted);
}

TEST(Units, WriteTimesInUtc) {
  google::protobuf::Timestamp time;
  EXPECT_EQ(IsoTime(time), "");
  time.set_seconds(1'600'000'000);
  time.set_nanos(250'000'000);
  EXPECT_EQ(IsoTime(time), "2020-09-13T12:26:40Z");
  EXPECT_EQ(IsoTimeExact(time), "2020-09-13T12:26:40.25Z");
}

}  // namespace
}  // namespace basisbench
