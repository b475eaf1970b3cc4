// SPDX-License-Identifier: Apache-2.0
// basisbench-weights: what each operator would keep of a real model's weights, and what it would
// cost there.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "services/base/status_macros.h"
#include "services/base/version.h"
#include "workers/operators/registry.h"
#include "workers/weights/survey.h"

namespace basisbench {
namespace {

// Those with a closed form that this program has.
std::string DefaultOperators() {
  std::vector<std::string> names;
  for (const std::string& name : ProjectableOperators()) {
    if (FindOperator(name).ok()) names.push_back(name);
  }
  return absl::StrJoin(names, ",");
}

struct Flags {
  std::string weights, covariance, output = "table", layout = "out_in";
  std::string operators = DefaultOperators();
  SurveyOptions survey;
};

std::string Percent(double fraction) { return absl::StrFormat("%.2f %%", 100 * fraction); }

std::string Shape(const SurveyRow& row) { return absl::StrCat(row.d_in, "x", row.d_out); }

double ParameterFraction(const SurveyRow& row) {
  return static_cast<double>(row.cost.parameters) / static_cast<double>(row.d_in * row.d_out);
}

// Aligned columns; the last is as long as it is.
void PrintTable(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> width;
  for (const auto& row : rows) {
    width.resize(std::max(width.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i)
      absl::StrAppend(&line, row[i], std::string(width[i] - row[i].size() + 2, ' '));
    line.erase(line.find_last_not_of(' ') + 1);
    std::cout << line << "\n";
  }
}

void PrintTables(const Survey& survey) {
  std::vector<std::vector<std::string>> rows = {
      {"TENSOR", "SHAPE", "OPERATOR", "CAPTURED", "PARAMETERS", "FLOPS", "NOTE"}};
  for (const SurveyRow& row : survey.rows) {
    const bool known = row.captured.has_value();
    const bool costs = row.cost.flops_effective > 0;
    rows.push_back({row.tensor, Shape(row), row.label, known ? Percent(*row.captured) : "-",
                    costs ? Percent(ParameterFraction(row)) : "-",
                    costs ? Percent(row.cost.flops_executed / row.cost.flops_effective) : "-",
                    row.note});
  }
  PrintTable(rows);
  std::cout << "\nAll weights, by energy\n";
  rows = {{"OPERATOR", "WEIGHTS", "CAPTURED", "PARAMETERS", "FLOPS"}};
  for (const SurveyTotal& total : Totals(survey)) {
    rows.push_back({total.operator_name, absl::StrCat(total.weights), Percent(total.captured),
                    Percent(total.parameter_fraction), Percent(total.flop_fraction)});
  }
  PrintTable(rows);
}

std::string CsvCell(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (const char c : text) cell += c == '"' ? "\"\"" : std::string(1, c);
  return cell + "\"";
}

void PrintCsv(const Survey& survey, int64_t tokens) {
  std::cout << "tensor,d_in,d_out,tokens,operator,captured,parameters,flops,dense_flops,"
               "memory_bytes,note\n";
  for (const SurveyRow& row : survey.rows) {
    std::cout << CsvCell(row.tensor) << "," << row.d_in << "," << row.d_out << "," << tokens << ","
              << CsvCell(row.label) << ","
              << (row.captured.has_value() ? absl::StrFormat("%.10g", *row.captured) : "") << ","
              << row.cost.parameters << "," << absl::StrFormat("%.10g", row.cost.flops_executed)
              << "," << absl::StrFormat("%.10g", row.cost.flops_effective) << ","
              << absl::StrFormat("%.10g", row.cost.bytes_min) << "," << CsvCell(row.note) << "\n";
  }
}

void PrintJson(const Survey& survey, int64_t tokens) {
  nlohmann::ordered_json out;
  out["tokens"] = tokens;
  out["rows"] = nlohmann::ordered_json::array();
  for (const SurveyRow& row : survey.rows) {
    nlohmann::ordered_json one = {{"tensor", row.tensor},
                                  {"d_in", row.d_in},
                                  {"d_out", row.d_out},
                                  {"operator", row.label},
                                  {"energy", row.energy}};
    if (row.captured.has_value()) one["captured"] = *row.captured;
    if (row.cost.flops_effective > 0) {
      one["parameters"] = row.cost.parameters;
      one["flops"] = row.cost.flops_executed;
      one["dense_flops"] = row.cost.flops_effective;
      one["memory_bytes"] = row.cost.bytes_min;
    }
    if (!row.note.empty()) one["note"] = row.note;
    out["rows"].push_back(std::move(one));
  }
  out["totals"] = nlohmann::ordered_json::array();
  for (const SurveyTotal& total : Totals(survey)) {
    out["totals"].push_back({{"operator", total.operator_name},
                             {"weights", total.weights},
                             {"captured", total.captured},
                             {"parameter_fraction", total.parameter_fraction},
                             {"flop_fraction", total.flop_fraction}});
  }
  std::cout << out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

absl::StatusOr<Survey> Run(Flags& flags) {
  BB_ASSIGN_OR_RETURN(flags.survey.operators, ParseRequests(flags.operators));
  flags.survey.stored_out_in = flags.layout == "out_in";
  BB_ASSIGN_OR_RETURN(const WeightSet weights, WeightSet::Open(flags.weights));
  std::optional<WeightSet> covariances;
  if (!flags.covariance.empty()) {
    BB_ASSIGN_OR_RETURN(covariances, WeightSet::Open(flags.covariance));
  }
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  const auto progress = [&](const std::string& tensor) {
    if (terminal) std::cerr << "\r\033[K" << tensor << std::flush;
  };
  auto survey = SurveyWeights(weights, covariances.has_value() ? &*covariances : nullptr,
                              flags.survey, progress);
  if (terminal) std::cerr << "\r\033[K" << std::flush;
  return survey;
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app(
      "Project every matrix of a model onto the classes of the operators, in closed form, and "
      "print "
      "the energy that each keeps beside what it costs at that shape.\n\n"
      "Examples:\n"
      "  basisbench-weights model.safetensors --tensor '*.mlp.*.weight'\n"
      "  basisbench-weights model.safetensors.index.json --operators "
      "'lowrank{rank=64},monarch,btt' -o csv\n"
      "  basisbench-weights model.safetensors --covariance inputs.safetensors --operators "
      "lowrank,blockdiag",
      "basisbench-weights");
  app.set_version_flag("--version", std::string(kVersion));
  app.add_option("weights", flags.weights, "A .safetensors file, or a .safetensors.index.json")
      ->required();
  app.add_option("--tensor", flags.survey.pattern, "Shell pattern of tensor names")
      ->capture_default_str();
  app.add_option("--operators", flags.operators, "Operators with parameters: 'a,b{rank=4}'")
      ->capture_default_str();
  app.add_option(
      "--covariance", flags.covariance,
      "Safetensors file with the covariance of each weight's inputs (d_in x d_in), under "
      "the weight's name");
  app.add_option("--layout", flags.layout,
                 "How weights are stored: out_in as torch.nn.Linear, in_out as Conv1D of GPT-2")
      ->check(CLI::IsMember({"out_in", "in_out"}))
      ->capture_default_str();
  app.add_option("--tokens", flags.survey.tokens, "Tokens of the declared cost")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40))
      ->capture_default_str();
  app.add_option("-o,--output", flags.output, "table, csv or json")
      ->check(CLI::IsMember({"table", "csv", "json"}))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const absl::StatusOr<Survey> survey = Run(flags);
  if (!survey.ok()) {
    std::cerr << "basisbench-weights: " << survey.status().message() << "\n";
    return absl::IsInternal(survey.status()) || absl::IsUnavailable(survey.status()) ? 1 : 2;
  }
  if (flags.output == "csv") {
    PrintCsv(*survey, flags.survey.tokens);
  } else if (flags.output == "json") {
    PrintJson(*survey, flags.survey.tokens);
  } else {
    PrintTables(*survey);
  }
  if (!survey->skipped.empty()) {
    std::cerr << "skipped " << survey->skipped.size() << " tensors that are no matrices, e.g. '"
              << survey->skipped.front() << "'\n";
  }
  return std::cout.flush() ? 0 : 1;
}

}  // namespace
}  // namespace basisbench

int main(int argc, char** argv) { return basisbench::Main(argc, argv); }
