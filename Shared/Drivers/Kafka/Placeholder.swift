internal import CRdkafka
