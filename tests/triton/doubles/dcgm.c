// A stand-in for NVIDIA's libdcgm.so.3, which Triton's core links: without a GPU there are no metrics of one.
#define NOT_AVAILABLE(name) \
    int name(void);         \
    int name(void) { return -1; }

NOT_AVAILABLE(dcgmConnect)
NOT_AVAILABLE(dcgmDisconnect)
NOT_AVAILABLE(dcgmFieldGroupCreate)
NOT_AVAILABLE(dcgmGetAllDevices)
NOT_AVAILABLE(dcgmGetDeviceAttributes)
NOT_AVAILABLE(dcgmGetLatestValuesForFields)
NOT_AVAILABLE(dcgmGroupCreate)
NOT_AVAILABLE(dcgmGroupDestroy)
NOT_AVAILABLE(dcgmInit)
NOT_AVAILABLE(dcgmShutdown)
NOT_AVAILABLE(dcgmStartEmbedded)
NOT_AVAILABLE(dcgmStopEmbedded)
NOT_AVAILABLE(dcgmUpdateAllFields)
NOT_AVAILABLE(dcgmWatchFields)

const char* errorString(int result);
const char* errorString(int result) { return result == 0 ? "" : "GPU metrics are not available"; }
