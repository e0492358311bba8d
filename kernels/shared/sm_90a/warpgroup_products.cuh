// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/shared/sm_90a/bulk_tensor_copy.cuh"
#include "kernels/shared/tensor_core_tile.cuh"

// wgmma: products of tiles in shared memory by a warpgroup (four warps, the first one's number a multiple of four),
// which go on while its threads do. All 128 threads call together.
// Source: PTX ISA, "Asynchronous Warpgroup Level Matrix Instructions".
namespace lockstep::LOCKSTEP_BACKEND {

/// Threads of a warpgroup, and rows of the result that it owns.
inline constexpr int kWarpgroup = 128, kWarpgroupRows = 64;

/// Columns of k that an instruction multiplies, and those of a tile in shared memory: 128 bytes, the swizzle's width.
inline constexpr int kWarpgroupStep = 16, kSwizzledColumns = 64;

/// The place of 32 columns of a warpgroup's sums for write_unit_sums: a warp has 16 rows, in the layout of mma.sync.
struct WarpgroupRun {
  static constexpr int kTilesM = 1, kTilesN = 4;
  static __device__ __forceinline__ int lane() { return static_cast<int>(threadIdx.x) % 32; }
  static __device__ __forceinline__ int warp_m() { return static_cast<int>(threadIdx.x) / 32 % 4 * 16; }
  static __device__ __forceinline__ int warp_n() { return 0; }
};

/// What a thread holds of 64 x kColumns sums: one run after the other.
template <int kColumns>
using WarpgroupSums = UnitSums<WarpgroupRun>[kColumns / 32];

/// A tile for the instruction: rows of kSwizzledColumns along k, as tensor_map_of lays them out; `first_row` on a
/// multiple of 1024 bytes. Bits of the result: 0-13 the address, 16-29 the distance along k (not used under the
/// 128-byte swizzle), 32-45 the distance between groups of eight rows, all in 16 bytes; 62-63 the swizzle (1: 128
/// bytes).
__device__ __forceinline__ std::uint64_t describe_tile(const void* first_row) {
  constexpr std::uint64_t kEightRows = 8 * 128 / 16, kSwizzle = 1;
  return kSwizzle << 62 | kEightRows << 32 | std::uint64_t{1} << 16 | (shared_address(first_row) & 0x3ffff) >> 4;
}

/// The tile `step` instructions further along k: the swizzle follows from the address, so the start moves alone.
__device__ __forceinline__ std::uint64_t further_along_k(std::uint64_t tile, int step) {
  constexpr int kBytes = kWarpgroupStep * 2;
  return tile + static_cast<std::uint64_t>(step * kBytes / 16);
}

/// Before the first instruction of a group: what the threads wrote to their sums is there.
__device__ __forceinline__ void begin_products() { asm volatile("wgmma.fence.sync.aligned;" : : : "memory"); }
/// Closes a group of instructions.
__device__ __forceinline__ void commit_products() { asm volatile("wgmma.commit_group.sync.aligned;" : : : "memory"); }
/// Waits until at most so many groups are under way. Until then their sums and tiles are untouchable.
template <int kUnderWay>
__device__ __forceinline__ void wait_for_products() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" : : "n"(kUnderWay) : "memory");
}

/// Waits for all groups and gives their sums back to the compiler, which does not know who writes them and might read
/// them ahead of the wait.
template <int kColumns>
__device__ __forceinline__ void finish_products(WarpgroupSums<kColumns>& sums) {
  wait_for_products<0>();
#pragma unroll
  for (auto& run : sums)
#pragma unroll
    for (auto& four : run[0])
#pragma unroll
      for (float& sum : four) asm volatile("" : "+f"(sum) : : "memory");
}

/// Starts sums += a b^T (or = a b^T, where `adds` is 0) over kWarpgroupStep columns of k: a has 64 rows, b kColumns.
template <class Scalar, int kColumns>
__device__ __forceinline__ void start_products(WarpgroupSums<kColumns>& sums, std::uint64_t a, std::uint64_t b,
                                               int adds);

// Operands of the instructions below: the sums' registers, then both tiles, then `adds`.
#define LOCKSTEP_FOUR_SUMS(run, four) \
  "+f"(sums[run][0][four][0]), "+f"(sums[run][0][four][1]), "+f"(sums[run][0][four][2]), "+f"(sums[run][0][four][3])
#define LOCKSTEP_RUN_OF_SUMS(run) \
  LOCKSTEP_FOUR_SUMS(run, 0), LOCKSTEP_FOUR_SUMS(run, 1), LOCKSTEP_FOUR_SUMS(run, 2), LOCKSTEP_FOUR_SUMS(run, 3)
#define LOCKSTEP_FOUR_RUNS_OF_SUMS(run) \
  LOCKSTEP_RUN_OF_SUMS(run), LOCKSTEP_RUN_OF_SUMS(run + 1), LOCKSTEP_RUN_OF_SUMS(run + 2), LOCKSTEP_RUN_OF_SUMS(run + 3)
#define LOCKSTEP_SIXTY_FOUR_REGISTERS                                \
  "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,"           \
  "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31," \
  "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47," \
  "%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define LOCKSTEP_SIXTY_FOUR_MORE_REGISTERS                                       \
  "%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79,"             \
  "%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95,"             \
  "%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106,%107,%108,%109,%110,%111," \
  "%112,%113,%114,%115,%116,%117,%118,%119,%120,%121,%122,%123,%124,%125,%126,%127"
#define LOCKSTEP_WGMMA(columns, type, registers, a, b, adds)                                         \
  "{\n.reg .pred adds;\nsetp.ne.b32 adds, " adds                                                     \
  ", 0;\n"                                                                                           \
  "wgmma.mma_async.sync.aligned.m64n" columns "k16.f32." type "." type " {" registers "}, " a ", " b \
  ", adds, 1, 1, 0, 0;\n}\n"
#define LOCKSTEP_DEFINE_START_PRODUCTS(scalar, type)                                                               \
  template <>                                                                                                      \
  __device__ __forceinline__ void start_products<scalar, 128>(WarpgroupSums<128> & sums, std::uint64_t a,          \
                                                              std::uint64_t b, int adds) {                         \
    asm volatile(LOCKSTEP_WGMMA("128", type, LOCKSTEP_SIXTY_FOUR_REGISTERS, "%64", "%65", "%66")                   \
                 : LOCKSTEP_FOUR_RUNS_OF_SUMS(0)                                                                   \
                 : "l"(a), "l"(b), "r"(adds));                                                                     \
  }                                                                                                                \
  template <>                                                                                                      \
  __device__ __forceinline__ void start_products<scalar, 256>(WarpgroupSums<256> & sums, std::uint64_t a,          \
                                                              std::uint64_t b, int adds) {                         \
    asm volatile(LOCKSTEP_WGMMA("256", type, LOCKSTEP_SIXTY_FOUR_REGISTERS "," LOCKSTEP_SIXTY_FOUR_MORE_REGISTERS, \
                                "%128", "%129", "%130")                                                            \
                 : LOCKSTEP_FOUR_RUNS_OF_SUMS(0), LOCKSTEP_FOUR_RUNS_OF_SUMS(4)                                    \
                 : "l"(a), "l"(b), "r"(adds));                                                                     \
  }
LOCKSTEP_DEFINE_START_PRODUCTS(__half, "f16")
LOCKSTEP_DEFINE_START_PRODUCTS(__nv_bfloat16, "bf16")
#undef LOCKSTEP_DEFINE_START_PRODUCTS
#undef LOCKSTEP_WGMMA
#undef LOCKSTEP_SIXTY_FOUR_MORE_REGISTERS
#undef LOCKSTEP_SIXTY_FOUR_REGISTERS
#undef LOCKSTEP_FOUR_RUNS_OF_SUMS
#undef LOCKSTEP_RUN_OF_SUMS
#undef LOCKSTEP_FOUR_SUMS

/// Raises or lowers the registers of each thread of the warpgroup; blocks until they are free.
template <int kRegisters>
__device__ __forceinline__ void take_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" : : "n"(kRegisters));
}
template <int kRegisters>
__device__ __forceinline__ void give_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" : : "n"(kRegisters));
}

}  // namespace lockstep::LOCKSTEP_BACKEND
