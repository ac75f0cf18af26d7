internal import CLinux
internal import CTOML
