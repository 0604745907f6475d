"""A language model small enough to be made in a test: two random layers and a tokenizer trained on a few sentences."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.models.encoder import LoadedEncoder, load_encoder
from benchmarks.models.files import read_folder
from benchmarks.models.language_model import LoadedModel, load

SENTENCES = [
    "The phone arrived on time and works well.",
    "I would not buy this again, the battery is bad.",
    "positive negative not positive neutral bank transfer failed transfer",
    "Der Akku ist schlecht, aber der Preis stimmt.",
    "これはとても良い電話です。 バッテリーが悪い。",
    "system user assistant Label: Text: Answer with one of these labels.",
]
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_tiny_model(folder: Path, template: str | None = TEMPLATE) -> Path:
    """A random Llama of two layers, its tokenizer and configuration, as safetensors in `folder`."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES * 4, trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|im_start|>", eos_token="<|im_end|>", pad_token="<|im_end|>"
    )
    wrapped.chat_template = template
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(wrapped),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        initializer_range=0.35,
        tie_word_embeddings=False,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(str(folder))
    wrapped.save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny model."""
    return write_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def tiny(tiny_folder: Path) -> LoadedModel:
    """The tiny model in float32, loaded by the real loader."""
    return load(read_folder(tiny_folder, "tiny"), device="cpu", dtype="float32")


@pytest.fixture(scope="session")
def make_tiny() -> Callable[..., Any]:
    """Writes a tiny model into a folder."""
    return write_tiny_model


def write_tiny_encoder(folder: Path) -> Path:
    """A random BERT of two layers and its tokenizer, which pads and cuts by itself as published ones do."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    # Training a vocabulary is not repeatable, so it is spelt out: letters, digits and the sentences' words.
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    letters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    words = sorted(set(re.findall("[a-z]{2,}", " ".join(SENTENCES).lower())) | {"good", "blue"})
    pieces = dict.fromkeys([*marks, *letters, *(f"##{letter}" for letter in letters), *words])
    tokenizer = Tokenizer(models.WordPiece({piece: place for place, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_padding(length=128)
    tokenizer.enable_truncation(128)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )
    torch.manual_seed(11)
    config = BertConfig(
        vocab_size=len(wrapped),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=160,
        initializer_range=0.3,
    )
    BertModel(config).save_pretrained(str(folder))
    wrapped.save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="session")
def encoder_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the known encoder's place is taken by the tiny one."""
    home = tmp_path_factory.mktemp("home")
    write_tiny_encoder(home / "models" / "minilm-l6-v2")
    return home


@pytest.fixture
def tiny_encoder(encoder_home: Path) -> LoadedEncoder:
    """The tiny encoder in float32, loaded by the real loader."""
    files = read_folder(encoder_home / "models" / "minilm-l6-v2", "tiny")
    return load_encoder(files, device="cpu", dtype="float32")
