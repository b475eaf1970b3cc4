// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/job_spec.h"

#include <cmath>
#include <functional>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"

namespace basisbench {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

v1::JobSpec GoodSpec() {
  v1::JobSpec spec;
  spec.add_operators()->set_name("matmul");
  v1::Shape& shape = *spec.add_shapes();
  shape.set_tokens(8);
  shape.set_d_in(16);
  return spec;
}

v1::JobSpec ModelSpec() {
  v1::JobSpec spec = GoodSpec();
  spec.clear_shapes();
  spec.mutable_model()->set_preset("gpt2-small");
  return spec;
}

TEST(CompleteSpec, FillsInEveryDefault) {
  v1::JobSpec spec = GoodSpec();
  ASSERT_THAT(CompleteSpec(spec), IsOk());
  EXPECT_EQ(spec.shapes(0).d_out(), 16);
  EXPECT_THAT(spec.dtypes(), testing::ElementsAre("f32"));
  EXPECT_THAT(spec.ranks(), testing::ElementsAre(1u));
  EXPECT_THAT(spec.directions(), testing::ElementsAre("forward"));
  EXPECT_THAT(spec.caches(), testing::ElementsAre("hot"));
  EXPECT_EQ(spec.input(), "normal");
  EXPECT_EQ(spec.backend(), "cpu_mpi");
  EXPECT_EQ(spec.max_attempts(), 3u);
  const v1::MeasurementOptions& options = spec.measurement();
  EXPECT_EQ(options.min_samples(), 10u);
  EXPECT_EQ(options.max_samples(), 1000u);
  EXPECT_EQ(options.min_time().nanos(), 500'000'000);
  EXPECT_EQ(options.max_time().seconds(), 15);
  EXPECT_EQ(options.case_timeout().seconds(), 120);
  EXPECT_EQ(options.target_relative_ci(), 0.02);
  EXPECT_EQ(options.warmup_iterations(), 3u);
  EXPECT_EQ(options.seed(), 1u);
}

TEST(CompleteSpec, CompletingTwiceChangesNothing) {
  for (v1::JobSpec spec : {GoodSpec(), ModelSpec()}) {
    ASSERT_THAT(CompleteSpec(spec), IsOk());
    const std::string once = spec.DebugString();
    ASSERT_THAT(CompleteSpec(spec), IsOk());
    EXPECT_EQ(spec.DebugString(), once);
  }
}

TEST(CompleteSpec, FillsInTheDefaultsOfAModel) {
  v1::JobSpec spec = ModelSpec();
  ASSERT_THAT(CompleteSpec(spec), IsOk());
  EXPECT_EQ(spec.model().batch(), 1);
  EXPECT_EQ(spec.model().sequence(), 512);
  EXPECT_EQ(spec.model().phase(), "prefill");
}

// One limit given alone moves the default of the other, instead of contradicting it.
TEST(CompleteSpec, DefaultsYieldToWhatIsGiven) {
  v1::JobSpec few = GoodSpec();
  few.mutable_measurement()->set_max_samples(4);
  ASSERT_THAT(CompleteSpec(few), IsOk());
  EXPECT_EQ(few.measurement().min_samples(), 4u);
  v1::JobSpec many = GoodSpec();
  many.mutable_measurement()->set_min_samples(5000);
  ASSERT_THAT(CompleteSpec(many), IsOk());
  EXPECT_EQ(many.measurement().max_samples(), 5000u);
  v1::JobSpec quick = GoodSpec();
  quick.mutable_measurement()->mutable_max_time()->set_nanos(100'000'000);
  ASSERT_THAT(CompleteSpec(quick), IsOk());
  EXPECT_EQ(quick.measurement().min_time().nanos(), 100'000'000);
  v1::JobSpec slow = GoodSpec();
  slow.mutable_measurement()->mutable_min_time()->set_seconds(60);
  ASSERT_THAT(CompleteSpec(slow), IsOk());
  EXPECT_EQ(slow.measurement().max_time().seconds(), 60);
}

struct BadSpec {
  std::function<void(v1::JobSpec&)> spoil;
  std::string message;  // names the field and the value
};

void ExpectEachRefused(const v1::JobSpec& good, const std::vector<BadSpec>& rows) {
  for (const BadSpec& row : rows) {
    v1::JobSpec spec = good;
    row.spoil(spec);
    EXPECT_THAT(CompleteSpec(spec), Fails(kInvalid, row.message));
  }
}

TEST(CompleteSpec, NamesTheListThatIsWrong) {
  ExpectEachRefused(
      GoodSpec(),
      {
          {[](auto& s) { s.clear_operators(); }, "spec.operators: is empty"},
          {[](auto& s) { s.add_operators(); }, "spec.operators[1].name: is empty"},
          {[](auto& s) { s.add_operators()->set_name("matmul"); },
           "spec.operators[1]: repeats spec.operators[0]"},
          {[](auto& s) { s.clear_shapes(); }, "spec.shapes: is empty"},
          {[](auto& s) { s.add_dtypes(""); }, "spec.dtypes[0]: is empty"},
          {[](auto& s) { s.mutable_dtypes()->Add("f32"), s.add_dtypes("f32"); },
           "spec.dtypes[1]: 'f32' is there twice"},
          {[](auto& s) { s.add_directions("a\nb"); }, "spec.directions[0]: 'a\\nb' has a control"},
          {[](auto& s) { s.add_shardings(std::string(65, 's')); },
           "spec.shardings[0]: 65 characters are more than 64"},
          {[](auto& s) { s.add_caches("warm"); }, "spec.caches[0]: 'warm' is not known"},
          {[](auto& s) { s.add_caches("hott"); }, "did you mean 'hot'?"},
          {[](auto& s) { s.set_input("gaussian"); }, "spec.input: 'gaussian' is not known"},
          {[](auto& s) { s.set_backend("a\nb"); }, "spec.backend: 'a\\nb' has a control character"},
          {[](auto& s) { s.set_backend(std::string(65, 'b')); }, "spec.backend: 65 characters"},
          {[](auto& s) { s.add_ranks(2), s.add_ranks(0); }, "spec.ranks[1]: 0 is less than 1"},
          {[](auto& s) { s.add_ranks(2), s.add_ranks(2); }, "spec.ranks[1]: 2 is there twice"},
          {[](auto& s) { s.add_ranks(4'000'000'000u); }, "spec.ranks[0]: 4000000000 is more than"},
      });
}

TEST(CompleteSpec, NamesTheOperatorThatIsTooLong) {
  ExpectEachRefused(
      GoodSpec(),
      {
          {[](auto& s) { s.add_operators()->set_name(std::string(65, 'o')); },
           "spec.operators[1].name: 65 characters are more than 64"},
          {[](auto& s) { (*s.mutable_operators(0)->mutable_parameters())[std::string(65, 'p')]; },
           "spec.operators[0].parameters['ppppp"},
          {[](auto& s) {
             (*s.mutable_operators(0)->mutable_parameters())["kind"] = std::string(1 << 20, 'v');
           },
           "spec.operators[0].parameters['kind']: 1048576 characters are more than 128"},
          {[](auto& s) { (*s.mutable_operators(0)->mutable_parameters())["kind"] = "a\x1b"; },
           "spec.operators[0].parameters['kind']: 'a\\033' has a control character"},
      });
}

TEST(CompleteSpec, NamesTheShapeThatIsWrong) {
  ExpectEachRefused(
      GoodSpec(),
      {
          {[](auto& s) { s.mutable_shapes(0)->set_tokens(0); },
           "spec.shapes[0].tokens: 0 is less than 1"},
          {[](auto& s) { s.mutable_shapes(0)->set_d_in(-3); },
           "spec.shapes[0].d_in: -3 is less than 1"},
          {[](auto& s) { s.mutable_shapes(0)->set_d_out(-1); },
           "spec.shapes[0].d_out: -1 is less than 0"},
          {[](auto& s) { s.mutable_shapes(0)->set_tokens(std::numeric_limits<int64_t>::max()); },
           "spec.shapes[0].tokens: 9223372036854775807 is more than"},
          {[](auto& s) { *s.add_shapes() = s.shapes(0); },
           "spec.shapes[1]: 8x16x16 is there twice"},
          {[](auto& s) { s.mutable_model()->set_preset("gpt2-small"); },
           "spec.model: cannot be given together with spec.shapes"},
          {[](auto& s) { s.set_grid("2"); }, "spec.grid: '2' is not of the form '2x3'"},
          {[](auto& s) { s.set_grid("2x3x4x5"); }, "spec.grid: '2x3x4x5'"},
          {[](auto& s) { s.set_grid("2x3x0"); }, "spec.grid: '2x3x0'"},
          {[](auto& s) { s.set_grid("0x3"); }, "spec.grid: '0x3'"},
          {[](auto& s) { s.set_grid("-1x3"); }, "spec.grid: '-1x3'"},
          {[](auto& s) { s.set_grid(" 2x 3"); }, "spec.grid: ' 2x 3'"},
          {[](auto& s) { s.set_grid("+2x3"); }, "spec.grid: '+2x3'"},
          {[](auto& s) { s.set_grid("99999999999x1"); }, "spec.grid: '99999999999x1'"},
      });
}

TEST(CompleteSpec, NamesTheModelFieldThatIsWrong) {
  ExpectEachRefused(
      ModelSpec(),
      {
          {[](auto& s) { s.mutable_model()->clear_preset(); }, "spec.model.preset: is empty"},
          {[](auto& s) { s.mutable_model()->set_batch(-1); }, "spec.model.batch: -1 is less than"},
          {[](auto& s) { s.mutable_model()->set_sequence(-1); }, "spec.model.sequence: -1"},
          {[](auto& s) {
             s.mutable_model()->set_batch(int64_t{1} << 30);
             s.mutable_model()->set_sequence(int64_t{1} << 30);
           },
           "spec.model.batch: 1073741824 x sequence 1073741824 is more than"},
          {[](auto& s) { s.mutable_model()->set_phase("train"); },
           "spec.model.phase: 'train' is not known"},
          {[](auto& s) { s.mutable_model()->add_sites("q"), s.mutable_model()->add_sites("q"); },
           "spec.model.sites[1]: 'q' is there twice"},
      });
}

TEST(CompleteSpec, NamesTheMeasurementOptionThatIsWrong) {
  const auto with = [](auto change) {
    return [change](v1::JobSpec& s) { change(*s.mutable_measurement()); };
  };
  ExpectEachRefused(
      GoodSpec(),
      {
          {with([](auto& m) { m.set_min_samples(10'001); }),
           "spec.measurement.min_samples: 10001 is more than 10000"},
          {with([](auto& m) { m.set_max_samples(10'001); }), "spec.measurement.max_samples: 10001"},
          {with([](auto& m) { m.set_min_samples(9), m.set_max_samples(8); }),
           "spec.measurement.min_samples: 9 is more than max_samples 8"},
          {with([](auto& m) { m.mutable_min_time()->set_seconds(-1); }),
           "spec.measurement.min_time: is negative"},
          {with([](auto& m) { m.mutable_max_time()->set_nanos(-1); }),
           "spec.measurement.max_time: is negative"},
          {with([](auto& m) { m.mutable_case_timeout()->set_seconds(86'401); }),
           "spec.measurement.case_timeout: 86401 s is more than 86400"},
          {with([](auto& m) { m.mutable_case_timeout()->set_nanos(1'000'000'000); }),
           "spec.measurement.case_timeout.nanos: 1000000000"},
          {with([](auto& m) {
             m.mutable_min_time()->set_seconds(3);
             m.mutable_max_time()->set_seconds(2);
           }),
           "spec.measurement.min_time: 3 s is more than max_time 2 s"},
          {with([](auto& m) { m.set_target_relative_ci(1.5); }),
           "spec.measurement.target_relative_ci: 1.5 is not in 0..1"},
          {with([](auto& m) { m.set_target_relative_ci(std::nan("")); }),
           "spec.measurement.target_relative_ci: nan"},
          {with([](auto& m) { m.set_target_relative_ci(-0.1); }),
           "spec.measurement.target_relative_ci: -0.1"},
          {with([](auto& m) { m.set_warmup_iterations(10'001); }),
           "spec.measurement.warmup_iterations: 10001"},
      });
}

TEST(CompleteSpec, NamesTheTextOrNumberThatIsWrong) {
  ExpectEachRefused(
      GoodSpec(),
      {
          {[](auto& s) { s.set_name(std::string(129, 'n')); },
           "spec.name: 129 characters are more than 128"},
          {[](auto& s) { s.set_name("a\tb"); }, "spec.name: 'a\\tb' has a control character"},
          {[](auto& s) {
             for (int i = 0; i < 17; ++i) (*s.mutable_labels())[std::to_string(i)] = "x";
           },
           "spec.labels: 17 labels are more than 16"},
          {[](auto& s) { (*s.mutable_labels())[""] = "x"; }, "spec.labels: a key is empty"},
          {[](auto& s) { (*s.mutable_labels())["team"] = std::string(64, 'x'); },
           "spec.labels['team']: 64 characters are more than 63"},
          {[](auto& s) { (*s.mutable_labels())[std::string(64, 'k')] = "x"; }, "spec.labels key '"},
          {[](auto& s) { s.set_priority(101); }, "spec.priority: 101 is not in -100..100"},
          {[](auto& s) { s.set_priority(-101); }, "spec.priority: -101"},
          {[](auto& s) { s.set_max_attempts(101); }, "spec.max_attempts: 101 is more than 100"},
      });
}

TEST(CompleteSpec, AcceptsTheLimitsThemselves) {
  v1::JobSpec spec = GoodSpec();
  spec.set_name(std::string(128, 'n'));
  spec.set_priority(-100);
  spec.set_max_attempts(100);
  spec.set_grid("2x3");
  spec.add_ranks(1 << 20);
  (*spec.mutable_labels())[std::string(63, 'k')] = std::string(63, 'v');
  (*spec.mutable_operators(0)->mutable_parameters())["factors"] = std::string(128, '8');
  spec.mutable_measurement()->set_min_samples(10'000);
  EXPECT_THAT(CompleteSpec(spec), IsOk());
  spec.set_grid("2x3x4");
  EXPECT_THAT(CompleteSpec(spec), IsOk());
}

TEST(CheckRequestId, AcceptsAnIdentityAndRefusesTheRest) {
  EXPECT_THAT(CheckRequestId(""), IsOk());
  EXPECT_THAT(CheckRequestId("b2f5ff47-4367-11ef-9a5b-0242ac120002"), IsOk());
  EXPECT_THAT(CheckRequestId(std::string(129, 'x')), Fails(kInvalid, "request_id: 129 characters"));
  EXPECT_THAT(CheckRequestId("a\nb"), Fails(kInvalid, "request_id: 'a\\nb' has a control"));
}

}  // namespace
}  // namespace basisbench
