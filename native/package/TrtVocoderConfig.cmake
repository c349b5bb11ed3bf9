# find_package(TrtVocoder) -> target TrtVocoder::trtvocoder
get_filename_component(_trtvocoder_root "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET TrtVocoder::trtvocoder)
    add_library(TrtVocoder::trtvocoder SHARED IMPORTED)
    set_target_properties(TrtVocoder::trtvocoder PROPERTIES
        IMPORTED_LOCATION "${_trtvocoder_root}/lib/libtrtvocoder.so"
        IMPORTED_SONAME "libtrtvocoder.so"
        INTERFACE_INCLUDE_DIRECTORIES "${_trtvocoder_root}/include")
endif()
unset(_trtvocoder_root)
