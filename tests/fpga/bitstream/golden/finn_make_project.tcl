# SPDX-License-Identifier: BSD-3-Clause
create_bd_design "StreamingDataflowPartition_1"
add_files -norecurse FPGA/rtl/index_counter.sv
add_files -norecurse FPGA/rtl/table_lane.sv
add_files -norecurse FPGA/rtl/interval_lane.sv
add_files -norecurse FPGA/rtl/sub_gated.sv
add_files -norecurse FPGA/rtl/fold_value.sv
add_files -norecurse FPGA/rtl/search_lane.sv
add_files -norecurse FPGA/rtl/wrap_activation.sv
add_files -norecurse WORK/code_gen_ipgen_StreamingDataflowPartition_1_WrapActivation_rtl_0_RANDOM/StreamingDataflowPartition_1_WrapActivation_rtl_0.v
add_files -norecurse WORK/code_gen_ipgen_StreamingDataflowPartition_1_WrapActivation_rtl_0_RANDOM/StreamingDataflowPartition_1_WrapActivation_rtl_0_table_0.hex
create_bd_cell -type module -reference StreamingDataflowPartition_1_WrapActivation_rtl_0 StreamingDataflowPartition_1_WrapActivation_rtl_0
add_files -norecurse FPGA/rtl/heap_pkg.sv
add_files -norecurse FPGA/rtl/index_counter.sv
add_files -norecurse FPGA/rtl/lfsr_pkg.sv
add_files -norecurse FPGA/rtl/place_counter.sv
add_files -norecurse FPGA/rtl/step_counter.sv
add_files -norecurse FPGA/rtl/weight_rom.sv
add_files -norecurse FPGA/rtl/start_rom.sv
add_files -norecurse FPGA/rtl/choose_half.sv
add_files -norecurse FPGA/rtl/add_parities.sv
add_files -norecurse FPGA/rtl/add_halves.sv
add_files -norecurse FPGA/rtl/add_four.sv
add_files -norecurse FPGA/rtl/bit_heap.sv
add_files -norecurse FPGA/rtl/add_two.sv
add_files -norecurse FPGA/rtl/adder_tree.sv
add_files -norecurse FPGA/rtl/heap_sum.sv
add_files -norecurse FPGA/rtl/binary_dot.sv
add_files -norecurse FPGA/rtl/sign_gate.sv
add_files -norecurse FPGA/rtl/booth_product.sv
add_files -norecurse FPGA/rtl/digit_dot.sv
add_files -norecurse FPGA/rtl/count_three.sv
add_files -norecurse FPGA/rtl/wrap_dot.sv
add_files -norecurse FPGA/rtl/add_running.sv
add_files -norecurse FPGA/rtl/add_three.sv
add_files -norecurse FPGA/rtl/wrap_accumulate.sv
add_files -norecurse FPGA/rtl/sum_three.sv
add_files -norecurse FPGA/rtl/wrap_mvu.sv
add_files -norecurse WORK/code_gen_ipgen_StreamingDataflowPartition_1_WrapMVU_rtl_0_RANDOM/StreamingDataflowPartition_1_WrapMVU_rtl_0.v
add_files -norecurse WORK/code_gen_ipgen_StreamingDataflowPartition_1_WrapMVU_rtl_0_RANDOM/StreamingDataflowPartition_1_WrapMVU_rtl_0_weights.hex
create_bd_cell -type module -reference StreamingDataflowPartition_1_WrapMVU_rtl_0 StreamingDataflowPartition_1_WrapMVU_rtl_0
add_files -norecurse FPGA/rtl/sub_gated.sv
add_files -norecurse FPGA/rtl/fold_value.sv
add_files -norecurse FPGA/rtl/wrap_fold.sv
add_files -norecurse WORK/code_gen_ipgen_StreamingDataflowPartition_1_WrapFold_rtl_0_RANDOM/StreamingDataflowPartition_1_WrapFold_rtl_0.v
create_bd_cell -type module -reference StreamingDataflowPartition_1_WrapFold_rtl_0 StreamingDataflowPartition_1_WrapFold_rtl_0
add_files -norecurse $::env(FINN_RTLLIB)/sim/hdl/sim_ctrl.v
create_bd_cell -type module -reference sim_ctrl sim_ctrl_0
make_bd_pins_external [get_bd_pins StreamingDataflowPartition_1_WrapActivation_rtl_0/ap_clk]
set_property name ap_clk [get_bd_ports ap_clk_0]
make_bd_pins_external [get_bd_pins StreamingDataflowPartition_1_WrapActivation_rtl_0/ap_rst_n]
set_property name ap_rst_n [get_bd_ports ap_rst_n_0]
connect_bd_net [get_bd_ports ap_rst_n] [get_bd_pins StreamingDataflowPartition_1_WrapMVU_rtl_0/ap_rst_n]
connect_bd_net [get_bd_ports ap_clk] [get_bd_pins StreamingDataflowPartition_1_WrapMVU_rtl_0/ap_clk]
connect_bd_intf_net [get_bd_intf_pins StreamingDataflowPartition_1_WrapActivation_rtl_0/out0_V] [get_bd_intf_pins StreamingDataflowPartition_1_WrapMVU_rtl_0/in0_V]
connect_bd_net [get_bd_ports ap_rst_n] [get_bd_pins StreamingDataflowPartition_1_WrapFold_rtl_0/ap_rst_n]
connect_bd_net [get_bd_ports ap_clk] [get_bd_pins StreamingDataflowPartition_1_WrapFold_rtl_0/ap_clk]
connect_bd_intf_net [get_bd_intf_pins StreamingDataflowPartition_1_WrapMVU_rtl_0/out0_V] [get_bd_intf_pins StreamingDataflowPartition_1_WrapFold_rtl_0/in0_V]
make_bd_intf_pins_external [get_bd_intf_pins StreamingDataflowPartition_1_WrapActivation_rtl_0/in0_V]
set_property name s_axis_0 [get_bd_intf_ports in0_V_0]
make_bd_intf_pins_external [get_bd_intf_pins StreamingDataflowPartition_1_WrapFold_rtl_0/out0_V]
set_property name m_axis_0 [get_bd_intf_ports out0_V_0]
connect_bd_net [get_bd_ports ap_clk] [get_bd_pins sim_ctrl_0/ap_clk]
make_bd_pins_external [get_bd_pins sim_ctrl_0/sim_finish]
set_property name sim_finish [get_bd_ports sim_finish_0]
set_property CONFIG.FREQ_HZ 100000000 [get_bd_ports /ap_clk]
