// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/registry.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/str_join.h"
#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

namespace fs = std::filesystem;

std::string TextOf(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Files of workers/operators that define an operator: those that describe one.
std::vector<fs::path> OperatorFiles() {
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(BASISBENCH_SOURCE) / "workers/operators")) {
    if (entry.path().extension() != ".cc") continue;
    if (TextOf(entry.path()).find("description.name = ") != std::string::npos)
      files.push_back(entry.path());
  }
  return files;
}

std::set<std::string> RegisteredNames() {
  std::set<std::string> names;
  for (const Operator* op : AllOperators()) names.insert(op->description().name);
  return names;
}

TEST(Registry, HasTheOperatorOfEveryFileUnderTheNameOfThatFile) {
  const std::vector<fs::path> files = OperatorFiles();
  ASSERT_FALSE(files.empty());
  std::set<std::string> expected;
  for (const fs::path& file : files) expected.insert(file.stem().string());
  EXPECT_EQ(RegisteredNames(), expected) << "a file was not linked in, or bears another name";
}

TEST(Registry, EveryOperatorFileRegistersWhatItDefines) {
  for (const fs::path& file : OperatorFiles()) {
    EXPECT_NE(TextOf(file).find("const RegisterOperator kRegister(std::make_unique<"),
              std::string::npos)
        << file;
  }
}

TEST(Registry, ListsByName) {
  const auto all = AllOperators();
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](const Operator* a, const Operator* b) {
    return a->description().name < b->description().name;
  }));
}

TEST(Registry, FindsByNameAndRefusesWithTheKnownNames) {
  EXPECT_EQ((*FindOperator("wht"))->description().name, "wht");
  EXPECT_THAT(FindOperator("fwht"),
              Fails(absl::StatusCode::kNotFound,
                    "no operator 'fwht'; have: " + absl::StrJoin(RegisteredNames(), ", ")));
}

TEST(RegistryDeathTest, ASecondOperatorOfOneNameAborts) {
  class Twin : public Operator {
   public:
    explicit Twin(const Operator& of) : of_(of) {}
    const OperatorDescription& description() const override { return of_.description(); }
    absl::StatusOr<Problem> Resolve(const Problem& problem) const override { return problem; }
    OperatorCost Cost(const Problem&) const override { return {}; }
    double OperandScale(const Problem&, absl::string_view) const override { return 1; }
    absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem&, Device&,
                                                   Communicator&) const override {
      return absl::UnimplementedError("a twin runs nothing");
    }
    std::vector<double> ReferenceRows(const Problem&, const Operands&,
                                      absl::Span<const int64_t>) const override {
      return {};
    }
    Projection ReferenceProjection(const Problem&, const Operands&, absl::Span<const double>,
                                   absl::Span<const int64_t>) const override {
      return {};
    }
    double RoundingGrowth(const Problem&) const override { return 1; }

   private:
    const Operator& of_;
  };
  const Operator& gate = **FindOperator("gate");
  EXPECT_DEATH(RegisterOperator(std::make_unique<Twin>(gate)),
               "operator 'gate' is registered twice");
}

}  // namespace
}  // namespace basisbench
