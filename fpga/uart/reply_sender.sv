// SPDX-License-Identifier: BSD-3-Clause
// Writes the replies of docs/serial.md as a stream of bytes, `last_o` with each one's last; frame_encoder.sv follows.
//
// Answers (request_parser.sv) come before outcomes of jobs (job_runner.sv). An answer is taken when its reply is
// written, an outcome when its reply begins; `sending_o` is then high until the result has been read from its memory,
// which must not change meanwhile, and neither may the outcome's other values. `error_o`: the latest reply was an 'e'.
module reply_sender #(
    parameter int unsigned WordBytes = 1,
    parameter int unsigned Words = 10,  // of a result
    parameter int unsigned Slots = 2,
    parameter int unsigned ImageBytes = 64,
    parameter logic [31:0] DesignHash = 32'h0,
    parameter int unsigned ClockKhz = 50000,
    localparam int unsigned WordBits = Words > 1 ? $clog2(Words) : 1
) (
    input  logic                   clk_i,
    input  logic                   rst_ni,

    input  logic [2:0]             answer_i,
    input  logic [7:0]             answer_sequence_i,
    input  logic                   answer_valid_i,
    output logic                   answer_taken_o,

    input  logic                   outcome_valid_i,
    input  logic                   outcome_failed_i,
    input  logic [7:0]             outcome_sequence_i,
    input  logic [31:0]            first_cycles_i,
    input  logic [31:0]            last_cycles_i,
    output logic                   outcome_taken_o,
    output logic                   sending_o,
    output logic                   error_o,

    output logic [WordBits-1:0]    read_address_o,
    input  logic [WordBytes*8-1:0] read_data_i,  // a cycle after the address

    output logic [7:0]             data_o,
    output logic                   last_o,
    output logic                   valid_o,
    input  logic                   ready_i
);

  localparam logic [7:0] Version = 8'd1;
  localparam int unsigned IdentityBytes = 22;
  localparam int unsigned CyclesBytes = 8;
  localparam logic [IdentityBytes-1:0][7:0] Identity = {
    32'(Words * WordBytes), 32'(ImageBytes), 32'(ClockKhz), DesignHash, 8'(Slots), Version, "PARW"
  };
  localparam int unsigned ByteBits = WordBytes > 1 ? $clog2(WordBytes) : 1;

  typedef enum logic [2:0] {
    Idle,
    Letter,
    Sequence,
    Head,    // the payload's part that is not of the result's memory
    Fetch,   // the memory reads
    Result
  } state_e;

  typedef enum logic [1:0] {
    IdentityReply,
    RunReply,
    ResetReply,
    ErrorReply
  } reply_e;

  state_e state_q;
  reply_e reply_q, reply_next;
  logic outcome_q;  // the reply is an outcome's
  logic [4:0] index_q;
  logic [WordBits-1:0] word_q;
  logic [ByteBits-1:0] byte_q;
  logic [2:0] code_q;
  logic error_q, move, word_end;
  logic [7:0] letter, head, result_byte;
  logic [4:0] head_last;
  logic [CyclesBytes-1:0][7:0] cycles;
  logic [WordBytes-1:0][7:0] result;

  assign cycles   = {last_cycles_i, first_cycles_i};
  assign result   = read_data_i;
  assign move     = valid_o && ready_i;
  assign word_end = byte_q == ByteBits'(WordBytes - 1);

  if (WordBytes == 1) begin : gen_byte
    assign result_byte = result[0];
  end else begin : gen_word
    assign result_byte = result[byte_q];
  end

  always_comb begin
    if (!answer_valid_i) reply_next = outcome_failed_i ? ErrorReply : RunReply;
    else if (answer_i == 3'd0) reply_next = IdentityReply;
    else if (answer_i == 3'd7) reply_next = ResetReply;
    else reply_next = ErrorReply;

    case (reply_q)
      IdentityReply: {letter, head, head_last} = {8'h69, Identity[index_q], 5'(IdentityBytes - 1)};
      RunReply:      {letter, head, head_last} = {8'h72, cycles[index_q[2:0]], 5'(CyclesBytes - 1)};
      ResetReply:    {letter, head, head_last} = {8'h78, 8'h00, 5'd0};
      default:       {letter, head, head_last} = {8'h65, 5'b0, code_q, 5'd0};
    endcase

    case (state_q)
      Letter:   {data_o, last_o} = {letter, 1'b0};
      Sequence: {data_o, last_o} = {outcome_q ? outcome_sequence_i : answer_sequence_i, reply_q == ResetReply};
      Head:     {data_o, last_o} = {head, index_q == head_last && reply_q != RunReply};
      default:  {data_o, last_o} = {result_byte, word_end && word_q == WordBits'(Words - 1)};
    endcase
  end

  assign valid_o         = state_q != Idle && state_q != Fetch;
  assign answer_taken_o  = move && last_o && !outcome_q;
  assign outcome_taken_o = state_q == Idle && !answer_valid_i && outcome_valid_i;
  assign sending_o       = state_q != Idle && outcome_q;
  assign read_address_o  = word_q;
  assign error_o         = error_q;

  always_ff @(posedge clk_i) begin
    if (state_q == Idle) begin
      reply_q   <= reply_next;
      outcome_q <= !answer_valid_i;
      code_q    <= answer_valid_i ? answer_i : 3'd5;
      index_q   <= '0;
      word_q    <= '0;
      byte_q    <= '0;
    end else if (move && state_q == Head) begin
      index_q <= index_q + 1'b1;
    end else if (move && state_q == Result) begin
      byte_q <= word_end ? '0 : byte_q + 1'b1;
      if (word_end) word_q <= word_q + 1'b1;
    end
    if (!rst_ni) begin
      state_q <= Idle;
      error_q <= 1'b0;
    end else begin
      if (state_q == Letter) error_q <= reply_q == ErrorReply;
      case (state_q)
        Idle:     if (answer_valid_i || outcome_valid_i) state_q <= Letter;
        Letter:   if (move) state_q <= Sequence;
        Sequence: if (move) state_q <= last_o ? Idle : Head;
        Head:     if (move && index_q == head_last) state_q <= last_o ? Idle : Fetch;
        Fetch:    state_q <= Result;
        default:  if (move && word_end) state_q <= last_o ? Idle : Fetch;
      endcase
    end
  end

endmodule
