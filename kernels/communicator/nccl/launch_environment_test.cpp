// SPDX-License-Identifier: Apache-2.0
#include "kernels/communicator/nccl/launch_environment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

using Table = std::map<std::string, std::string>;

LaunchEnvironment read(const Table& table) {
  return read_launch_environment([&](const std::string& name) -> std::optional<std::string> {
    const auto found = table.find(name);
    return found == table.end() ? std::nullopt : std::optional<std::string>(found->second);
  });
}

std::string error_of(const Table& table) {
  try {
    read(table);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(LaunchEnvironment, ReadsTorchrun) {
  const LaunchEnvironment launch = read(
      {{"RANK", "5"}, {"WORLD_SIZE", "8"}, {"LOCAL_RANK", "1"}, {"MASTER_ADDR", "node0"}, {"MASTER_PORT", "1234"}});
  EXPECT_EQ(launch.launcher, "torchrun");
  EXPECT_EQ(launch.rank, 5);
  EXPECT_EQ(launch.size, 8);
  EXPECT_EQ(launch.local_rank, 1);
  EXPECT_EQ(launch.master_address, "node0");
  EXPECT_EQ(launch.master_port, 1234);
}

TEST(LaunchEnvironment, LeavesThePortToTorchrunsOwnStore) {
  Table table{{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"LOCAL_RANK", "0"}, {"MASTER_ADDR", "n0"}, {"MASTER_PORT", "1234"}};
  table["TORCHELASTIC_USE_AGENT_STORE"] = "False";
  EXPECT_EQ(read(table).master_port, 1234);
  table["TORCHELASTIC_USE_AGENT_STORE"] = "True";
  EXPECT_EQ(read(table).master_port, 1235);
  table["MASTER_PORT"] = "65535";
  EXPECT_EQ(read(table).master_port, 65534);
}

TEST(LaunchEnvironment, ReadsMpirunOnOneHostWithoutAnAddress) {
  Table table{{"OMPI_COMM_WORLD_RANK", "1"},
              {"OMPI_COMM_WORLD_SIZE", "2"},
              {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
              {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}};
  const LaunchEnvironment launch = read(table);
  EXPECT_EQ(launch.launcher, "mpirun");
  EXPECT_EQ(launch.rank, 1);
  EXPECT_EQ(launch.master_address, "127.0.0.1");
  EXPECT_EQ(launch.master_port, kDefaultMasterPort);
  table["OMPI_COMM_WORLD_LOCAL_SIZE"] = "1";  // two hosts
  EXPECT_THAT(error_of(table), testing::HasSubstr("MASTER_ADDR is not set"));
}

TEST(LaunchEnvironment, ReadsSrun) {
  const LaunchEnvironment launch =
      read({{"SLURM_PROCID", "3"}, {"SLURM_NTASKS", "4"}, {"SLURM_LOCALID", "0"}, {"MASTER_ADDR", "n1"}});
  EXPECT_EQ(launch.launcher, "srun");
  EXPECT_EQ(launch.rank, 3);
}

TEST(LaunchEnvironment, RefusesWhatCannotBeALaunch) {
  EXPECT_FALSE(is_launched([](const std::string&) { return std::nullopt; }));
  EXPECT_THAT(error_of({}), testing::HasSubstr("no rank in the environment"));
  const Table good{{"RANK", "0"}, {"WORLD_SIZE", "1"}, {"LOCAL_RANK", "0"}};
  EXPECT_EQ(error_of(good), "");
  for (const auto& [name, value] :
       Table{{"RANK", "1"}, {"WORLD_SIZE", "0"}, {"LOCAL_RANK", "x"}, {"MASTER_PORT", "70000"}}) {
    Table bad = good;
    bad[name] = value;
    EXPECT_THAT(error_of(bad), testing::HasSubstr(name + " is '" + value + "'"));
  }
}

TEST(LaunchEnvironment, RefusesRanksThatEachBelieveToBeAlone) {
  EXPECT_THAT(error_of({{"RANK", "0"},
                        {"WORLD_SIZE", "1"},
                        {"LOCAL_RANK", "0"},
                        {"OMPI_COMM_WORLD_RANK", "3"},
                        {"OMPI_COMM_WORLD_SIZE", "16"}}),
              testing::HasSubstr("WORLD_SIZE says 1 ranks and OMPI_COMM_WORLD_SIZE says 16"));
}

}  // namespace
}  // namespace lockstep
