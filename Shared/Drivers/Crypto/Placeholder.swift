internal import COpenSSL
internal import CJose
internal import CCrypt
