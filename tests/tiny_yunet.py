"""A network with YuNet's inputs and outputs, small enough to know what it finds."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CELL_PX = 32


def write_yunet(path: Path, *, numbers_a_box: int = 4, suffix: str = "") -> Path:
    """A network with YuNet's inputs and outputs that takes red for faces.

    Each cell of 32 pixels that is red throughout is a face, its box around the cell's middle, 32
    pixels wide and 50 high.
    """
    nodes, weights, outputs = [], [], []

    def constant(name: str, values: object, dtype: type) -> str:
        weights.append(numpy_helper.from_array(np.array(values, dtype), name))
        return name

    for stride in (8, 16, 32):
        mean = f"mean_{stride}"
        cell = [stride, stride]
        nodes.append(
            helper.make_node("AveragePool", ["input"], [mean], kernel_shape=cell, strides=cell)
        )
        red = np.array([0, 0, 1 / 255]).reshape(1, 3, 1, 1)  # the third of OpenCV's order
        heads = {
            "cls": (red * (stride == CELL_PX), [0]),
            "obj": (red * (stride == CELL_PX), [0]),
            "bbox": (np.zeros((numbers_a_box, 3, 1, 1)), [0.5, 0.5, 0, np.log(50 / 32)]),
            "kps": (np.zeros((10, 3, 1, 1)), [0.5] * 10),
        }
        for head, (weight, bias) in heads.items():
            name, n = f"{head}_{stride}", len(weight)
            wide = [mean, constant(f"w_{name}", weight, np.float32)]
            wide.append(constant(f"b_{name}", np.resize(bias, n), np.float32))
            nodes.append(helper.make_node("Conv", wide, [f"c_{name}"], kernel_shape=[1, 1]))
            last = helper.make_node("Transpose", [f"c_{name}"], [f"t_{name}"], perm=[0, 2, 3, 1])
            shape = constant(f"s_{name}", [1, -1, n], np.int64)
            nodes += [last, helper.make_node("Reshape", [f"t_{name}", shape], [name + suffix])]
            size = [1, (640 // stride) ** 2, n]
            outputs.append(helper.make_tensor_value_info(name + suffix, TensorProto.FLOAT, size))
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 640, 640])
    graph = helper.make_graph(nodes, "yunet", [given], outputs, weights)
    opset = [helper.make_opsetid("", 11)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path
