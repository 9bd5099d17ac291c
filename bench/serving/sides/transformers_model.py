"""Makes a model that onnxruntime-genai's builder wrote loadable for transformers.js: one file, and the width of a head as
a number, since transformers.js takes every name of a dimension that it does not know for an empty cache.

    python -m onnxruntime_genai.models.builder -i BASE_FOLDER -o BUILT -p int4 -e cpu \
        --extra_options int4_block_size=32 int4_accuracy_level=4
    python transformers_model.py BASE_FOLDER BUILT MODELS_FOLDER/smollm2
"""

import json
import shutil
import sys
from pathlib import Path

import onnx

base, built, target = (Path(argument) for argument in sys.argv[1:4])
(target / "onnx").mkdir(parents=True, exist_ok=True)
for file in base.glob("*.json"):
    shutil.copy(file, target)
head_dim = json.loads((base / "config.json").read_text())["head_dim"]
model = onnx.load(built / "model.onnx")
for value in [*model.graph.input, *model.graph.output]:
    for dim in value.type.tensor_type.shape.dim:
        if dim.dim_param == "kv_cache_dim":
            dim.Clear()
            dim.dim_value = head_dim
onnx.save(model, target / "onnx" / "model_q4.onnx")
