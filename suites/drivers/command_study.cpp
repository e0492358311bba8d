// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <iomanip>
#include <iostream>
#include <memory>
#include "suites/drivers/options.hpp"

#include "suites/drivers/cli.hpp"
#include "suites/drivers/environment.hpp"
#include "suites/drivers/interrupt.hpp"
#include "suites/drivers/number_checks.hpp"
#include "suites/drivers/run_stages.hpp"
#include "suites/training/batch_norm_study.hpp"
#include "suites/training/batch_norm_tax.hpp"

namespace lockstep {
namespace {

struct StudyOptions {
  BatchNormStudyPlan plan;
  int seed_limit = 20, workers = 2;
  std::vector<int> tax_ranks = BatchNormTaxPlan{}.ranks;
  bool quick = false, no_tax = false;
  std::string out;
};

BatchNormStudyPlan plan_of(const StudyOptions& options) {
  BatchNormStudyPlan plan = options.plan;
  if (options.quick) {
    plan.looks = {2};
    plan.steps = 20;
    plan.steps_between_points = 10;
    plan.test_images = 250;
  }
  std::vector<int> looks;
  for (const int look : plan.looks)
    if (look < options.seed_limit) looks.push_back(look);
  if (!options.quick) looks.push_back(options.seed_limit);
  plan.looks = options.quick ? plan.looks : looks;
  return plan;
}

std::string note_of(const std::vector<reports::SyncBatchNormTax>& taxes) {
  if (taxes.empty()) return {};
  return " Seconds are of one step of ranks that are threads, SyncBatchNorm against local statistics in turns.";
}

void print(const reports::SyncBatchNormTax& tax) {
  std::cout << std::setprecision(3) << tax.ranks << " ranks" << (tax.oversubscribed ? " (more than cores)" : "") << ", "
            << tax.images_per_rank << " images each: a step takes " << tax.measured_seconds * 1e6 << " us longer; "
            << tax.collectives << " collectives of " << tax.bytes << " bytes:";
  for (const reports::SyncBatchNormTaxPart& part : tax.parts)
    std::cout << " " << part.name << " " << part.seconds * 1e6 << " us,";
  std::cout << " residual " << tax.residual_seconds * 1e6 << " us\n";
}

int study_command(const StudyOptions& options, const Surroundings& surroundings) {
  if (!options.out.empty()) prepare_folder(options.out);
  const auto start = std::chrono::steady_clock::now();
  const std::string started = utc_now();
  const InterruptGuard guard;
  const FashionMnist training(true), test(false);
  const BatchNormStudyPlan plan = plan_of(options);
  reports::SyncBatchNormStudy study =
      study_batch_norm(plan, {.training = training,
                              .test = test,
                              .catalogue = surroundings.catalogue,
                              .workers = options.workers,
                              .progress = [](const std::string& what) { std::cerr << what << std::endl; },
                              .stops = interrupted});
  if (!options.no_tax) {
    BatchNormTaxPlan tax_plan{.ranks = options.tax_ranks, .images_per_rank = plan.images_per_rank};
    if (options.quick) tax_plan.rounds = 2;
    study.taxes = measure_batch_norm_tax(tax_plan, surroundings.catalogue, interrupted);
    study.note += note_of(study.taxes);
  }
  std::cout << verdict_sentence(study) << "\n";
  for (const reports::SyncBatchNormTax& tax : study.taxes) print(tax);
  std::cout << study.note << std::endl;

  const int status = interrupted() ? kInterrupted : kPassed;
  if (!options.out.empty()) {
    reports::Run run;
    run.command = surroundings.command_line;
    run.suite = "study";
    run.seed = 1;
    run.started_utc = started;
    run.workers = options.workers;
    run.interrupted = interrupted();
    run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    run.exit_status = status;
    reports::Training rows;
    rows.findings.push_back(verdict_sentence(study));
    rows.sync_batch_norm.push_back(std::move(study));
    ReportBuilder builder;
    builder.set_training(std::move(rows));
    write_reports(builder.finish(run, "lockstep"), options.out);
  }
  return status;
}

}  // namespace

CommandBody add_study_command(Options& command, const Surroundings& surroundings) {
  auto options = std::make_shared<StudyOptions>();
  BatchNormStudyPlan& plan = options->plan;
  command.add_option("--ranks", plan.ranks, "simulated ranks").within(2, 64).show_default();
  command.add_option("--images-per-rank", plan.images_per_rank, "numbers of images per rank")
      .delimiter(',')
      .within(1, 1024)
      .show_default();
  command.add_option("--steps", plan.steps, "optimiser steps of each training").within(1, 1000000).show_default();
  command.add_option("--lr", plan.lr, "first learning rate of SGD with momentum 0.9; falls linearly to 0")
      .check(reject_amount)
      .show_default();
  command.add_option("--test-images", plan.test_images, "test images that give the accuracy")
      .within(1, 10000)
      .show_default();
  command.add_option("--seed-limit", options->seed_limit, "seeds after which an open question stays open")
      .within(2, 1000)
      .show_default();
  command.add_option("--workers", options->workers, "trainings at once").within(1, 64).show_default();
  command.add_flag("--quick", options->quick, "2 seeds of 20 steps: shows that it runs, and settles nothing");
  command.add_option("--tax-ranks", options->tax_ranks, "numbers of ranks for which that is timed")
      .delimiter(',')
      .within(2, 64)
      .show_default();
  command.add_flag("--no-tax", options->no_tax, "do not time what synchronising costs");
  command.add_option("--out", options->out, "folder for report.json and report.html");
  command.footer(
      "Trains on Fashion-MNIST with batch norm's statistics over one rank's images, over groups of two ranks, and "
      "over\n"
      "all ranks (SyncBatchNorm), and says at which number of images per rank synchronised statistics end better.\n"
      "2 images per rank must be among them: there seeds are added until the answer is clear.");
  return [=](const std::vector<std::string>&) -> int { return study_command(*options, surroundings); };
}

}  // namespace lockstep
