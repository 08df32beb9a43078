"""VHDL of an LSTM by elasticai.creator, and what its Python model computes: python generate.py CASE.json FOLDER

CASE.json: {"kind": "fixed" | "integer", "hidden", "inputs", "steps", "seed"}; integer also {"pipeline", "unroll"}.
Both are their 8-bit forms: fixed point with 4 fraction bits (as in their example), integers with affine scales.
FOLDER gets the files that their `save_to` writes, and expected.json: inputs and outputs as integers.
"""

import json
import sys
from pathlib import Path

import torch
from elasticai.creator.file_generation.on_disk_path import OnDiskPath

BITS, FRACTION = 8, 4


def on_disk(folder):
    return OnDiskPath(folder.name, parent=str(folder.parent))


def fixed(case, folder):
    """LSTMNetwork: one LSTM and one linear layer with one output. Expected: h of every step."""
    from elasticai.creator.nn.fixed_point import Linear
    from elasticai.creator.nn.fixed_point.lstm.layer import (
        FixedPointLSTMWithHardActivations,
        LSTMNetwork,
    )

    form = dict(total_bits=BITS, frac_bits=FRACTION, bias=True)
    lstm = FixedPointLSTMWithHardActivations(
        input_size=case["inputs"], hidden_size=case["hidden"], **form
    )
    network = LSTMNetwork([lstm, Linear(in_features=case["hidden"], out_features=1, **form)])
    design = network.create_design("network")
    design.save_to(on_disk(folder))
    network.create_testbench("network_tb", design).save_to(on_disk(folder))
    scale = 2**FRACTION
    codes = torch.randint(-scale, scale + 1, (1, case["steps"], case["inputs"]))
    with torch.no_grad():
        hidden, _ = lstm(codes / scale)
    return codes[0], (hidden[0] * scale).round().int()


def integer(case, folder):
    """StackedRNN with one LSTM layer, ranges observed on random data. Expected: h of the last step."""
    from elasticai.creator.nn.integer.stackedrnn import StackedRNN

    batch = 16
    network = StackedRNN(
        name="rnn",
        cell_type="lstm",
        num_layers=1,
        inputs_size=case["inputs"],
        hidden_size=case["hidden"],
        window_size=case["steps"],
        batch_size=batch,
        quant_bits=BITS,
        device="cpu",
        use_pipeline_template=case["pipeline"],
        use_parallelised_template=case["pipeline"],
        unroll_factor=case["unroll"],
    )
    x = torch.rand(batch, case["steps"], case["inputs"]) * 2 - 1
    network.train()
    for _ in range(3):  # observers of the ranges
        network(x)
    network.eval()
    # The sizes of the run that is recorded: one sequence, as its hardware takes it.
    network.batch_size = 1
    for layer in network.rnn_layers:
        layer.batch_size = 1
    network.precompute()
    data = folder / "data"  # where their testbench reads
    data.mkdir(exist_ok=True)
    for module in network.modules():
        if hasattr(module, "quant_data_dir"):
            module.quant_data_dir = data
    codes = network.inputs_QParams.quantize(x[:1])
    hidden = network.int_forward(codes)
    network.create_design("rnn").save_to(on_disk(folder))
    return codes[0], hidden


def main():
    case = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(case["seed"])
    inputs, outputs = {"fixed": fixed, "integer": integer}[case["kind"]](case, folder)
    expected = {"inputs": inputs.int().tolist(), "outputs": outputs.tolist()}
    (folder / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main()
