// SPDX-License-Identifier: BSD-3-Clause
// Runs images through the accelerator, one job after the other: starts the feeder, counts results, measures cycles.
//
// A job is over when all its results have come and all its words have been taken; its slot is then released and its
// outcome shown (`outcome_valid_o`) until `outcome_taken_i`. No job starts before that, nor while `hold_i` says that
// the last result is still being sent. Cycles count from the one in which the first word is taken, inclusively, to
// the one in which a result's last word is; they stop at 2^32 - 1. A job that finishes no result for WatchdogCycles
// fails, and the accelerator is reset. `abort_i` resets it too, and forgets the job and an outcome not yet taken.
module job_runner #(
    parameter int unsigned OutWords = 10,  // of a result
    parameter int unsigned WatchdogCycles = 1000000,
    localparam int unsigned WordBits = OutWords > 1 ? $clog2(OutWords) : 1
) (
    input  logic                clk_i,
    input  logic                rst_ni,
    input  logic                abort_i,

    input  logic                image_valid_i,
    input  logic [7:0]          sequence_i,
    input  logic [15:0]         repeat_i,
    output logic                start_o,
    output logic                release_o,
    input  logic                feeding_i,
    input  logic                word_in_i,       // a word has been taken by the accelerator in this cycle
    output logic                accelerator_rst_no,

    input  logic                out_valid_i,
    output logic                out_ready_o,
    output logic [WordBits-1:0] out_word_o,      // which word of its result this is
    output logic                busy_o,

    input  logic                hold_i,
    input  logic                outcome_taken_i,
    output logic                outcome_valid_o,
    output logic                failed_o,
    output logic [7:0]          sequence_o,
    output logic [31:0]         first_cycles_o,
    output logic [31:0]         last_cycles_o
);

  localparam int unsigned ResetCycles = 16;
  localparam int unsigned DogBits = $clog2(WatchdogCycles + 1);

  typedef enum logic [1:0] {
    Clear,  // the accelerator is in reset
    Idle,
    Run
  } state_e;

  state_e state_q;
  logic [$clog2(ResetCycles)-1:0] clear_left_q;
  logic [15:0] results_left_q;
  logic [WordBits-1:0] word_q;
  logic [DogBits-1:0] dog_q;
  logic [31:0] cycles_q, now, first_cycles_q, last_cycles_q;
  logic [7:0] sequence_q;
  logic outcome_valid_q, failed_q, started_q, first_q, rst_nq;
  logic word_out, result_end, finished, expired;

  assign start_o     = state_q == Idle && rst_nq && image_valid_i && !outcome_valid_q && !hold_i && !abort_i;
  assign out_ready_o = results_left_q != '0;
  assign out_word_o  = word_q;
  assign word_out    = out_valid_i && out_ready_o;
  assign result_end  = word_out && word_q == WordBits'(OutWords - 1);
  assign finished    = state_q == Run && results_left_q == '0 && !feeding_i;
  assign expired     = state_q == Run && dog_q == '0;
  assign release_o   = (finished || expired) && !abort_i;
  assign now         = cycles_q + 32'(cycles_q != '1);
  assign busy_o      = state_q == Run;

  assign accelerator_rst_no = rst_nq;
  assign outcome_valid_o    = outcome_valid_q;
  assign failed_o           = failed_q;
  assign sequence_o         = sequence_q;
  assign first_cycles_o     = first_cycles_q;
  assign last_cycles_o      = last_cycles_q;

  always_ff @(posedge clk_i) begin
    rst_nq <= rst_ni && state_q != Clear;

    if (start_o) begin
      sequence_q <= sequence_i;
      cycles_q   <= '0;
      started_q  <= 1'b0;
      first_q    <= 1'b1;
    end else begin
      if (word_in_i || started_q) cycles_q <= now;
      if (word_in_i) started_q <= 1'b1;
      if (result_end) first_q <= 1'b0;
    end
    if (result_end) last_cycles_q <= now;
    if (result_end && first_q) first_cycles_q <= now;
    if (finished || expired) failed_q <= !finished;
    dog_q <= start_o || result_end ? DogBits'(WatchdogCycles) : dog_q - 1'b1;

    if (!rst_ni) begin
      state_q         <= Clear;
      clear_left_q    <= '1;
      results_left_q  <= '0;
      word_q          <= '0;
      outcome_valid_q <= 1'b0;
    end else begin
      if (start_o) begin
        results_left_q <= repeat_i;
        word_q         <= '0;
      end else if (word_out) begin
        results_left_q <= results_left_q - 16'(result_end);
        word_q         <= result_end ? '0 : word_q + 1'b1;
      end
      if (outcome_taken_i) outcome_valid_q <= 1'b0;

      case (state_q)
        Idle: if (start_o) state_q <= Run;
        Run: begin
          if (finished || expired) begin
            outcome_valid_q <= 1'b1;
            state_q         <= finished ? Idle : Clear;
          end
        end
        default: begin
          results_left_q <= '0;
          clear_left_q   <= clear_left_q - 1'b1;
          if (clear_left_q == '0) state_q <= Idle;
        end
      endcase
      if (abort_i) begin
        state_q         <= Clear;
        clear_left_q    <= '1;
        outcome_valid_q <= 1'b0;
      end
    end
  end

endmodule
