"""Image files of every kind arrive as arrays, or as one line that says why not."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_itis.datasets import ImageError, read_array, read_image
from napari_itis.datasets.images import read_indices, verified_size
from napari_itis.video.mask_files import read_mask_file


@pytest.fixture
def ramp():
    return np.arange(48, dtype=np.uint8).reshape(6, 8)


class TestReading:
    def test_gray_png(self, tmp_path, ramp):
        Image.fromarray(ramp).save(tmp_path / "a.png")
        np.testing.assert_array_equal(read_array(tmp_path / "a.png"), ramp)
        np.testing.assert_array_equal(read_image(tmp_path / "a.png"), np.stack([ramp] * 3, -1))

    def test_alpha_is_kept_by_read_array_and_dropped_by_read_image(self, tmp_path, ramp):
        rgba = np.stack([ramp, ramp + 50, ramp + 100, np.zeros_like(ramp)], -1)
        Image.fromarray(rgba).save(tmp_path / "a.png")
        np.testing.assert_array_equal(read_array(tmp_path / "a.png"), rgba)
        np.testing.assert_array_equal(read_image(tmp_path / "a.png"), rgba[..., :3])

    def test_16_bit_png_and_tiff_keep_their_values(self, tmp_path, ramp):
        deep = ramp.astype(np.uint16) * 1000
        Image.fromarray(deep).save(tmp_path / "a.png")
        tifffile.imwrite(tmp_path / "a.tif", deep)
        for name in ("a.png", "a.tif"):
            found = read_array(tmp_path / name)
            assert found.dtype == np.uint16
            np.testing.assert_array_equal(found, deep)

    def test_float_tiff(self, tmp_path, ramp):
        tifffile.imwrite(tmp_path / "a.tif", ramp.astype(np.float32) / 7)
        assert read_array(tmp_path / "a.tif").dtype == np.float32

    def test_planar_tiff_has_its_colors_last(self, tmp_path, ramp):
        planar = np.stack([ramp, ramp + 1, ramp + 2])
        tifffile.imwrite(tmp_path / "a.tif", planar, photometric="rgb", planarconfig="separate")
        np.testing.assert_array_equal(read_array(tmp_path / "a.tif"), np.moveaxis(planar, 0, -1))

    def test_a_palette_gives_indices_or_colors(self, tmp_path):
        picture = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8), "P")
        picture.putpalette([0, 0, 0, 200, 10, 20, 30, 40, 250])
        picture.save(tmp_path / "a.png")
        assert read_array(tmp_path / "a.png").tolist() == [[0, 1], [2, 1]]
        assert read_image(tmp_path / "a.png")[0, 1].tolist() == [200, 10, 20]

    def test_missing(self, tmp_path):
        with pytest.raises(ImageError, match=r"no such image file: .*nowhere\.png"):
            read_array(tmp_path / "nowhere.png")

    @pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jpg"])
    def test_not_an_image(self, tmp_path, name):
        (tmp_path / name).write_text("not an image")
        with pytest.raises(ImageError, match=name) as caught:
            read_array(tmp_path / name)
        assert "\n" not in str(caught.value)

    def test_truncated(self, tmp_path):
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / "whole.png")
        whole = (tmp_path / "whole.png").read_bytes()
        (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ImageError, match=r"half\.png"):
            read_array(tmp_path / "half.png")

    @pytest.mark.parametrize("damage", ["cut", "overwritten", "empty"])
    def test_whatever_is_wrong_with_a_tiff_the_line_names_it(self, tmp_path, damage):
        path = tmp_path / "damaged.tif"
        noise = np.random.default_rng(0).integers(0, 4, (300, 300), np.uint8)
        tifffile.imwrite(path, noise, compression="zlib")
        whole = path.read_bytes()
        path.write_bytes(
            {
                "cut": whole[:100],
                "overwritten": whole[:9000] + bytes(50) + whole[9050:],
                "empty": b"II*\0\0\0\0\0",
            }[damage]
        )
        with pytest.raises(ImageError, match=r"damaged\.tif") as caught:
            read_array(path)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("value", [np.uint32(3_000_000_000), np.int64(2**32 + 5)])
    def test_ids_that_labels_cannot_hold_are_refused_not_wrapped(self, tmp_path, value):
        path = tmp_path / "a.tif"
        tifffile.imwrite(path, np.full((6, 8), value))
        with pytest.raises(ImageError, match=rf"a\.tif holds the id {value}: .*2147483647"):
            read_indices(path)
        assert "2147483647" in read_mask_file(path)[1][0]

    def test_a_stack_is_refused_with_its_shape(self, tmp_path, ramp):
        tifffile.imwrite(tmp_path / "stack.tif", np.stack([ramp] * 9), photometric="minisblack")
        with pytest.raises(ImageError, match=r"\(9, 6, 8\)"):
            read_array(tmp_path / "stack.tif")

    def test_a_photo_of_a_phone_is_its_first_picture(self, tmp_path, ramp):
        picture, preview = Image.fromarray(ramp), Image.fromarray(ramp[:3, :4])
        picture.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[preview])
        assert read_array(tmp_path / "a.jpg").shape == verified_size(tmp_path / "a.jpg") == (6, 8)

    def test_two_planes_are_refused_when_files_are_looked_at(self, tmp_path, ramp):
        path = tmp_path / "a.tif"
        tifffile.imwrite(path, np.stack([ramp, ramp], -1), photometric="minisblack")
        with pytest.raises(ImageError, match=r"shape \(6, 8, 2\)"):
            verified_size(path)

    def test_16_bit_photos_are_stretched_to_their_range(self, tmp_path):
        Image.fromarray(np.array([[100, 200, 600]], np.uint16)).save(tmp_path / "a.png")
        found = read_image(tmp_path / "a.png")
        assert found.dtype == np.uint8
        assert found[0, :, 0].tolist() == [0, 51, 255]
